"""Whatever is posted to the pages: an answer, and never a traceback."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import services
from accounts.models import User

pytestmark = pytest.mark.django_db

FIELDS = st.sampled_from(
    [
        "username",
        "password",
        "display_name",
        "email",
        "next",
        "name",
        "days",
        "max_uses",
        "current",
        "theme",
        "site_name",
        "double_click_reaction",
    ]
)
TEXT = st.one_of(
    st.text(max_size=50).filter(lambda text: text.isprintable() or "\0" in text),
    st.sampled_from(
        ["\0", "owner", "x" * 3000, "9" * 40, "-1", "ａｄａ", "İ", "https://evil.example", "<b>", "a@b.org"]
    ),
)
PATHS = st.sampled_from(
    [
        "/login",
        "/signup",
        "/theme",
        "/profile",
        "/profile/token",
        "/password",
        "/password/reset",
        "/people/invite",
    ]
)


def encodable(text):
    return text.encode("utf-8", "replace").decode()


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(path=PATHS, data=st.dictionaries(FIELDS, TEXT.map(encodable), max_size=5), known=st.booleans())
def test_no_post_breaks_a_page(client, moderator, sign_up_is, path, data, known):
    sign_up_is("open")
    client.logout()
    if known:
        client.force_login(moderator)
    assert client.post(path, data).status_code < 500


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.dictionaries(FIELDS, TEXT.map(encodable), max_size=5))
def test_no_post_breaks_an_invite(client, moderator, data):
    client.logout()
    code = services.store_invite(moderator, for_site=True).code
    assert client.post(f"/invite/{code}", data).status_code < 500


@pytest.mark.parametrize("path", ["/login", "/signup", "/password", "/profile"])
@pytest.mark.parametrize(
    "body", [b"username=\xff\xfe&password=\xff", b"%ff=%ff&username=%00", b"&" * 500, b"=" * 500]
)
def test_bytes_that_are_no_text_are_answered(client_of, owner, path, body):
    answer = client_of(owner).generic("POST", path, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code < 500
    assert User.objects.count() == 1
