"""A message of somebody who types ends that, in whichever process it was."""

import pytest

from accounts.payloads import user_brief
from rooms.presence import typing

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_typing_is_ended_where_it_was(owner, member, elsewhere):
    for person in (owner, member):
        if elsewhere:
            told = {"room": "board", "user": user_brief(person), "typing": True}
            typing.on_remote_typing("board", person.pk, told)
        else:
            typing.start("board", person)
    try:
        typing.stop("board", owner)
        assert typing.usernames("board", without=0) == ["member"]
    finally:
        typing.stop("board", member)
    assert (typing.typists, typing.elsewhere) == ({}, {})
