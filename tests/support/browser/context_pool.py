"""Pool of Playwright's contexts, which serve one test after another: a new one takes three times as long."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page
from playwright.sync_api import TimeoutError as Late

# All that a page can keep but what it was sent: files stay in the cache, as with anybody who comes back.
KEPT = "cookies,local_storage,indexeddb,cache_storage,service_workers"

Listeners = dict[str, Callable[[Any], None]]


def close(page: Page, patience: int = 500) -> None:
    """Close the page, again after `patience` milliseconds: Chromium says that it did, but doesn't, where another
    document of the page's begins at that moment, and Playwright's own `close` then waits for ever (its issue 42068).
    On a slow machine the page may be gone before Playwright tells, and Chromium no longer knows it."""
    browser = page.context.browser
    assert browser
    target = page.context.new_cdp_session(page).send("Target.getTargetInfo")["targetInfo"]["targetId"]
    session = browser.new_browser_cdp_session()
    while not page.is_closed():
        with suppress(Late), page.expect_event("close", timeout=patience):
            try:
                session.send("Target.closeTarget", {"targetId": target})
            except Error as error:
                if "No target found" not in error.message:
                    raise
    session.detach()


class Spares:
    """Free contexts of a server, by the options that made them. `listeners`, by Playwright's names of events, hear of
    every page of the contexts that are taken."""

    free: dict[tuple[str, str], list[BrowserContext]] = defaultdict(list)

    def __init__(self, browser: Browser, url: str, listeners: Listeners | None = None) -> None:
        self.browser, self.url = browser, url
        self.listeners = listeners or {}
        self.taken: list[tuple[BrowserContext, str]] = []

    def take(self, options: dict[str, Any]) -> BrowserContext:
        made_with = repr(sorted(options.items()))
        spare = self.free[self.url, made_with]
        context = spare.pop() if spare else self.browser.new_context(**options)
        self.taken.append((context, made_with))
        context.once("close", self.forget)
        for name, listener in self.listeners.items():
            context.on(name, listener)  # type: ignore[call-overload]
        return context

    def forget(self, closed: BrowserContext) -> None:
        self.taken = [(context, made_with) for context, made_with in self.taken if context is not closed]

    def give_back(self) -> None:
        while self.taken:
            context, made_with = self.taken.pop()
            context.remove_listener("close", self.forget)
            self.empty(context)
            for name, listener in self.listeners.items():
                context.remove_listener(name, listener)
            self.free[self.url, made_with].append(context)

    def empty(self, context: BrowserContext) -> None:
        """Close all pages but a blank one, which keeps the browser's processes alive, and clear cookies."""
        pages = context.pages
        blank = pages.pop(0) if pages and pages[0].url == "about:blank" else context.new_page()
        for page in pages:
            close(page)
        context.set_offline(False)
        context.clear_cookies()
        session = context.new_cdp_session(blank)
        session.send("Storage.clearDataForOrigin", {"origin": self.url, "storageTypes": KEPT})
        session.detach()
