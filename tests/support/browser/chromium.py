"""A browser that is closed in the end: while Playwright's loop runs, Django refuses the database to its whole thread."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from scripts import check
from tests.support.run import marks

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    marks.check_marked()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=check.browser(), args=FLAGS)
        yield browser
        browser.close()
