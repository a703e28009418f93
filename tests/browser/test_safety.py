"""What people write stays text, in the page as it is rendered and as it comes live."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import message, new_room, post

CORPUS = [
    "<script>window.pwned = 1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg onload=window.pwned=1>",
    "<svg><script>window.pwned=1</script></svg>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<details open ontoggle=window.pwned=1>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "<a href='javascript:window.pwned=1'>x</a>",
    "[x](javascript:window.pwned=1)",
    "[x](java\tscript:window.pwned=1)",
    "[x](&#106;avascript:window.pwned=1)",
    "[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==)",
    "[x](vbscript:window.pwned=1)",
    "![x](https://example.org/x.png)",
    "![x](x onerror=window.pwned=1)",
    "<https://example.org/'onmouseover='window.pwned=1>",
    "https://example.org/\"onmouseover=\"window.pwned=1",
    "[x](https://example.org \"' onmouseover='window.pwned=1\")",
    "`<img src=x onerror=window.pwned=1>`",
    "```html\n<img src=x onerror=window.pwned=1>\n```",
    "```\"><img src=x onerror=window.pwned=1>\nx\n```",
    "@owner\"><img src=x onerror=window.pwned=1>",
    "#general\" onclick=\"window.pwned=1",
    "<style>* { display: none }</style>",
    "<base href='https://example.org/'>",
    "<form action='https://example.org'><button>x</button></form>",
    "</textarea></div></li><script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "<!--<img src=x onerror=window.pwned=1>-->",
    "{{ 7 * 7 }}${7 * 7}",
    "\u202eevil\u2066 <b>bold</b>",
]  # fmt: skip


@pytest.fixture
def watched(visit):
    """A page that counts breaches of its security policy."""

    def watched(who, path):
        page = visit(who, "/login")
        page.add_init_script(
            "window.breaches = []; addEventListener('securitypolicyviolation', (event) => breaches.push(event.blockedURI))"
        )
        page.goto(visit.server.url + path)
        return page

    return watched


def assert_harmless(page):
    for locator in page.locator(".message-body a").all():
        href = locator.get_attribute("href") or ""
        assert href.startswith(("https://", "http://", "mailto:", "/people/", "/chat/")), href
        locator.dispatch_event("mouseover")
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("window.breaches") == []
    assert (
        page.locator(".message-body :is(script, img, svg, iframe, form, style, base, details, math)").count()
        == 0
    )


def test_nothing_of_the_corpus_runs(watched, server):
    slug = new_room(server, "owner", members=["member"])
    live = watched("member", f"/chat/{slug}")
    expect(live.locator("#composer-body")).to_be_visible()
    for attack in CORPUS:
        post(server, "owner", slug, attack)
    last = post(server, "owner", slug, "the end")
    expect(live.locator(f"#message-{last['id']}")).to_be_visible()
    assert live.locator(".message[data-id]").count() == len(CORPUS) + 1
    assert_harmless(live)
    rendered = watched("member", f"/chat/{slug}")
    assert rendered.locator(".message[data-id]").count() == len(CORPUS) + 1
    assert_harmless(rendered)


def test_nothing_of_the_corpus_runs_while_it_is_sent_or_quoted(watched, server):
    slug = new_room(server, "owner", members=["member"])
    page = watched("owner", f"/chat/{slug}")
    for attack in CORPUS[:8]:
        page.locator("#composer-body").fill(attack)
        page.get_by_role("button", name="Send").click()
    expect(page.locator(".message:not(.unsent)[data-id]")).to_have_count(8)
    message(page, "onerror").first.hover()
    page.get_by_role("button", name="Reply").click()
    page.locator("#composer-body").fill("an answer")
    page.get_by_role("button", name="Send").click()
    expect(message(page, "an answer")).to_be_visible()
    assert_harmless(page)


def test_names_of_rooms_and_topics_are_text(watched, server):
    slug = new_room(server, "owner", members=["member"], topic="</title><script>window.pwned=1</script>")
    page = watched("member", f"/chat/{slug}")
    expect(page.locator(".bar-topic")).to_have_text("</title><script>window.pwned=1</script>")
    assert_harmless(page)
    page.goto(f"{server.url}/chat/")
    assert_harmless(page)


def test_the_policy_allows_nothing_inline(visit, server):
    page = visit("owner", "/chat/general")
    policy = page.request.get(f"{server.url}/chat/general").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert page.locator("[style], script:not([src]):not([type='application/json']), style").count() == 0
