"""Names of devices by their browsers' User-Agent: enough for a person to tell their own apart."""

import re

# The first that is found counts: most browsers name others as well.
BROWSERS = (
    ("Edge", r"Edg(?:A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Vivaldi", r"Vivaldi/"),
    ("Firefox", r"(?:Firefox|FxiOS)/"),
    ("Chrome", r"(?:Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"Safari/"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Mac", "Macintosh"),
    ("Linux", "Linux"),
)
UNKNOWN = "A program"


def name_of(agent: str) -> str:
    """Return a name such as "Firefox on Android"."""
    browser, system = first_of(BROWSERS, agent), first_of(SYSTEMS, agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or UNKNOWN


def first_of(named: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for name, pattern in named if re.search(pattern, agent)), "")
