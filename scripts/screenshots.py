"""Take the screenshots of the documents: serve a demo site and write docs/images/*.png and docs/images/parts/*.webp.

.venv/bin/python -m scripts.screenshots [PART ...]
"""

import io
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

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, sync_playwright

from chatsite.operations.demo import pictures

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
# A sheet of a part in its four forms: the desktop's one above the other, and the phone's beside them at their height.
DESKTOP_WIDTH, DESKTOP_HEIGHT, GAP = 748, 451, 8
PHONE_HEIGHT = 2 * DESKTOP_HEIGHT + GAP
PHONE_WIDTH = PHONE_HEIGHT * 390 // 820


# Milliseconds after which a room's copy in the browser is there (`behaviours/room/offline_copy.js`).
OFFLINE_COPY_MS = 4000


def main(*names: str) -> None:
    """Take these parts, or everything."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as (url, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=FLAGS
        )
        others = [room(sign_in(browser, url, name, password, DESKTOP)) for name in ("mira", "tomas")]
        if not names:
            for theme in THEMES:
                talk(browser, url, password, theme, others)
            pages(browser, url, password)
        for name in names or PARTS:
            sheet(browser, url, password, name)
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
            # For the choices of mail; nobody here has an address.
            "EMAIL_URL": "smtp://127.0.0.1:9",
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


def sheet(browser: Browser, url: str, password: str, name: str) -> None:
    """Photograph a part of the chat in its four forms."""
    whole = Image.new("RGB", (DESKTOP_WIDTH + 2 * (GAP + PHONE_WIDTH), PHONE_HEIGHT), "#8a8f98")
    for number, theme in enumerate(THEMES):
        desktop = photograph(browser, url, password, name, DESKTOP, theme)
        phone = photograph(browser, url, password, name, PHONE, theme)
        top, left = number * (DESKTOP_HEIGHT + GAP), DESKTOP_WIDTH + GAP + number * (PHONE_WIDTH + GAP)
        whole.paste(desktop.resize((DESKTOP_WIDTH, DESKTOP_HEIGHT)), (0, top))
        whole.paste(phone.resize((PHONE_WIDTH, PHONE_HEIGHT)), (left, 0))
    (IMAGES / "parts").mkdir(exist_ok=True)
    whole.save(IMAGES / "parts" / f"{name}.webp", quality=82, method=6)


def photograph(
    browser: Browser, url: str, password: str, name: str, size: dict[str, Any], theme: Theme
) -> Image.Image:
    page = sign_in(browser, url, "ada", password, size, theme)
    page.context.grant_permissions(["notifications"])
    PARTS[name](page)
    page.wait_for_timeout(500)
    photo = Image.open(io.BytesIO(page.screenshot()))
    page.context.close()
    return photo


def row(page: Page, selector: str) -> Locator:
    """Scroll to the newest message that has something, and return it."""
    found = page.locator(".message").filter(has=page.locator(selector)).last
    found.scroll_into_view_if_needed()
    return found


def files(page: Page) -> None:
    row(room(page), ".picture").locator(".picture").first.scroll_into_view_if_needed()


def composer(page: Page) -> None:
    photos = [photo("legs.jpg", pictures.legs()), photo("chuck.jpg", pictures.chuck())]
    room(page).locator("input[type=file]").set_input_files(photos)
    page.locator("#composer-body").fill("Both sides, before the second pass")
    page.locator(".upload[data-state=done]").nth(1).wait_for()


def photo(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def viewer(page: Page) -> None:
    row(room(page), ".picture").locator(".picture").first.click()
    page.locator("#viewer[open] .viewer-image").wait_for()


def room_files(page: Page) -> None:
    page.goto("/chat/workshop/files")


def reactions(page: Page) -> None:
    row(room(page), ".reaction[name]").locator(".reaction").first.hover()


def emoji(page: Page) -> None:
    room(page).get_by_role("button", name="Emoji", exact=True).click()
    page.get_by_label("Search emoji").wait_for()


def own_emoji(page: Page) -> None:
    page.goto("/site/emoji")


def link_previews(page: Page) -> None:
    page.goto("/chat/workshop")
    row(room(page), ".link-preview")


def forwarding(page: Page) -> None:
    message = room(page).locator(".message").last
    message.hover()
    message.focus()
    page.locator(".actions [data-action=forward]").click()
    page.get_by_role("dialog", name="Forward this message").wait_for()


def history(page: Page) -> None:
    edited = page.locator(".edited:not([hidden])")
    # Which rooms have one among their last messages changes from day to day.
    for slug in ("workshop", "general", "electronics", "3d-printing", "laser", "events"):
        page.goto(f"/chat/{slug}")
        if edited.count():
            break
    page.goto(str(edited.last.get_attribute("href")))


def inbox(page: Page) -> None:
    page.goto("/inbox")


def levels(page: Page) -> None:
    page.goto("/chat/workshop/notifications")


def notification_settings(page: Page) -> None:
    page.goto("/profile/notifications")
    scroll_to(page, "#what")


def quiet_hours(page: Page) -> None:
    page.goto("/profile/notifications")
    scroll_to(page, "#alerts")


def scroll_to(page: Page, selector: str) -> None:
    """Scroll a title to the top of the page."""
    page.locator(selector).evaluate("(title) => title.scrollIntoView({ block: 'start' })")
    page.locator(".page-body").evaluate("(body) => body.parentElement.scrollBy(0, -24)")


def devices(page: Page) -> None:
    page.goto("/profile/devices")
    page.locator("[data-push=state]:not(:empty)").wait_for()


def why(page: Page) -> None:
    page.goto("/inbox?tab=mentions")
    page.goto(f"{page.locator('.inbox-link').first.get_attribute('href')}".split("#")[0] + "/why")


def catch_up(page: Page) -> None:
    mark_unread(page)
    page.goto("/catch-up")


def mark_unread(page: Page) -> None:
    message = room(page).locator(".message").nth(-5)
    act(page, message, "unread")
    page.locator(".new-line").wait_for()
    # The actions would hide the word at the line's end.
    page.locator(".actions").evaluate("(actions) => actions.remove()")


def act(page: Page, message: Locator, action: str) -> None:
    message.scroll_into_view_if_needed()
    message.hover()
    message.focus()
    page.locator(f".actions [data-action={action}]").click()


def receipts(page: Page) -> None:
    direct(page, "Tomás Lima")
    page.locator(".seen").first.wait_for()


def direct(page: Page, name: str) -> None:
    """Open the conversation with a person."""
    row = page.locator(".side-row[data-kind=direct]").filter(has_text=name)
    room(page, str(row.first.get_attribute("data-room")))


def drafts(page: Page) -> None:
    room(page, "events")


def scheduled(page: Page) -> None:
    page.goto("/later/scheduled")


def reminders(page: Page) -> None:
    page.goto("/later/reminders")


def install(page: Page) -> None:
    """Have the browser offer to install the site; one without a head doesn't by itself."""
    page.evaluate("localStorage.setItem('visits', '9')")
    room(page, "events")
    offer = "Object.assign(new Event('beforeinstallprompt', { cancelable: true }), { prompt() {} })"
    page.evaluate(f"() => void dispatchEvent({offer})")
    page.locator(".install-hint").wait_for(state="attached")
    open_sidebar(page)


def open_sidebar(page: Page) -> None:
    if page.locator(".menu-button").is_visible():
        page.locator(".menu-button").click()
        page.locator("#sidebar").wait_for()


def offline(page: Page) -> None:
    room(page)
    page.evaluate("async () => void (await navigator.serviceWorker.ready)")
    room(page)
    page.wait_for_timeout(OFFLINE_COPY_MS)
    page.context.set_offline(True)
    page.reload()
    page.locator(".offline-text").first.wait_for()
    page.locator("#offline-body").fill("I bring the saw")


def status(page: Page) -> None:
    page.goto("/chat/workshop")
    open_sidebar(page)
    page.locator(".own-status").click()
    dialog = page.get_by_role("dialog", name="Your status")
    dialog.get_by_label("Emoji", exact=True).fill("🎧")
    dialog.get_by_label("Status", exact=True).fill("Cutting the table legs")


def person(page: Page) -> None:
    page.goto("/people/tomas")


def avatars(page: Page) -> None:
    page.goto("/profile")
    page.get_by_label("Picture", exact=True).set_input_files(photo("legs.jpg", pictures.legs()))
    page.get_by_role("dialog").wait_for()


PARTS = {
    "files": files,
    "composer": composer,
    "viewer": viewer,
    "room-files": room_files,
    "reactions": reactions,
    "emoji": emoji,
    "own-emoji": own_emoji,
    "link-previews": link_previews,
    "forwarding": forwarding,
    "history": history,
    "avatars": avatars,
    "inbox": inbox,
    "why": why,
    "levels": levels,
    "notification-settings": notification_settings,
    "quiet-hours": quiet_hours,
    "devices": devices,
    "mark-unread": mark_unread,
    "catch-up": catch_up,
    "receipts": receipts,
    "drafts": drafts,
    "scheduled": scheduled,
    "reminders": reminders,
    "status": status,
    "person": person,
    "offline": offline,
    "install": install,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
