"""A browser that serves another test is as good as new."""

from playwright.sync_api import expect


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
