"""Take the screenshots of the README: serve a demo site and write docs/images/*.png.

.venv/bin/python -m scripts.screenshots
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-sync",
]
DESKTOP: dict[str, Any] = {"viewport": {"width": 1360, "height": 820}, "device_scale_factor": 1.5}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 820},
    "device_scale_factor": 1.5,
    "has_touch": True,
    "is_mobile": True,
}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as (url, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=FLAGS
        )
        others = [room(sign_in(browser, url, name, password, DESKTOP)) for name in ("mira", "tomas")]
        for theme in THEMES:
            talk(browser, url, password, theme, others)
        pages(browser, url, password)
        browser.close()


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """Serve a fresh demo site within the block; yield its address and the password of all its people."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = Path(folder) / "demo"
        environ = {
            **os.environ,
            "DATA_DIR": str(data),
            "STATIC_DIR": f"{folder}/static",
            "DATABASE_URL": "",
            "REDIS_URL": "",
        }
        environ |= {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "SITE_URL": f"http://127.0.0.1:{port}",
            "DEBUG": "0",
        }
        words = subprocess.run(
            [sys.executable, "manage.py", "demo", "--build-only"],
            cwd=ROOT, env=environ, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        server = subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=ROOT, env=environ)
        try:
            wait_for(f"{environ['SITE_URL']}/login")
            yield environ["SITE_URL"], words.split()[-1]
        finally:
            server.terminate()
            server.wait()


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            urlopen(url, timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("The demo site did not start.")


def sign_in(
    browser: Browser, url: str, who: str, password: str, size: dict[str, Any], theme: Theme = "light"
) -> Page:
    context = browser.new_context(
        **size, color_scheme=theme, locale="en-GB", timezone_id="Europe/Berlin", base_url=url
    )
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("Username").fill(who)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile("/chat/"))
    return page


def room(page: Page, slug: str = "workshop") -> Page:
    page.goto(f"/chat/{slug}")
    page.locator("html[data-live-status=online]").wait_for(state="attached")
    return page


def talk(browser: Browser, url: str, password: str, theme: Theme, others: list[Page]) -> None:
    """Photograph the room page with two people typing, on a desktop and a phone."""
    for name, size in (("room", DESKTOP), ("phone", PHONE)):
        page = room(sign_in(browser, url, "ada", password, size, theme))
        page.locator("#composer-body").fill("And bring the ear defenders")
        for other in others:
            other.locator("#composer-body").press_sequentially("on my way")
        page.locator(".typing-line", has_text="are typing").wait_for()
        page.wait_for_timeout(300)
        page.screenshot(path=IMAGES / f"{name}-{theme}.png")
        for other in others:
            other.locator("#composer-body").fill("")
        page.context.close()


def pages(browser: Browser, url: str, password: str) -> None:
    page = sign_in(browser, url, "ada", password, DESKTOP)
    for name, path in (("rooms", "/chat/"), ("catch-up", "/catch-up"), ("search", "/search?q=lathe")):
        page.goto(path)
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
