"""A browser that serves another test is as good as new."""

import pytest
from playwright.sync_api import Error, expect

from tests.support.browser.context_pool import close


def test_what_a_page_kept_is_gone_for_the_next(visit, server):
    first = visit("member", "/profile")
    first.evaluate(
        "localStorage.setItem('theme', 'dark'); sessionStorage.setItem('draft', 'x'); document.cookie = 'a=b'"
    )
    context = first.context
    context.set_offline(True)
    visit.close()
    second = visit(None, "/login")
    assert second.context is context
    kept = "[localStorage.getItem('theme'), sessionStorage.length, document.cookie]"
    assert second.evaluate(kept) == [None, 0, ""]
    expect(second.get_by_role("button", name="Log in")).to_be_visible()


@pytest.mark.parametrize("patience", [1, 500])
def test_a_page_that_turns_into_another_is_closed(visit, patience):
    """Playwright's own `close` waits for ever within the first few; with one millisecond most are closed twice."""
    for _ in range(10):
        page = visit("member", "/profile")
        with pytest.raises(Error):
            page.evaluate("() => { location.reload(); return new Promise(() => {}) }")
        close(page, patience)
        assert page.is_closed()
