"""Parts of pages are drawn once for all that show the same, and never shown to others' values."""

import pytest

from chatsite.web import fragment_cache
from messaging import services
from tests.rooms.pages.test_rooms import say


def one(**changes):
    user = {"username": "ada", "display_name": "Ada", "avatar": {"initials": "A", "color": 1}, "online": True}
    return fragment_cache.render_fragment(
        "messaging/_member.html", member={"user": {**user, **changes}, "role": "member"}
    )


@pytest.fixture
def drawings():
    """How often something was drawn."""
    fragment_cache._render_cached.cache_clear()
    return lambda: fragment_cache._render_cached.cache_info().misses


def test_the_same_is_drawn_once_and_anything_else_again(drawings):
    assert one() == one()
    assert drawings() == 1
    assert " hidden" not in one().partition("</span></span>")[0]
    assert " hidden" in one(online=False).partition("</span></span>")[0]
    assert drawings() == 2


def test_what_people_write_is_escaped(drawings):
    assert "<b>" not in one(display_name="<b>Ada</b>")


def test_what_is_long_is_not_kept(drawings):
    assert one(display_name="x" * 3_000) == one(display_name="x" * 3_000)
    assert fragment_cache._render_cached.cache_info().currsize == 0


@pytest.mark.django_db
def test_a_page_shows_a_message_as_it_is_now(client_of, owner, member, public_room):
    said = say(member, public_room, "first words")
    answer = services.send(owner, public_room.slug, "an answer", said.client_id, reply_to=said.pk)[0]
    page = lambda: client_of(owner).get("/chat/lobby").content.decode()  # noqa: E731
    assert page().count("first words") == page().count("first words") >= 2
    services.edit(member, said.pk, "other words")
    assert "first words" not in page()
    services.delete(member, said.pk)
    assert "other words" not in page()
    assert "message deleted" in page()
    assert f"message-{answer.pk}" in page()
