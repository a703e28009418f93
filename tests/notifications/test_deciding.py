"""One function decides for one person and one message: the table of its cases."""

import itertools

import pytest

from notifications.deciding import KINDS, Channel, Person, Rule, Said, decide

HERE = {"online": True, "here": True, "has_device": True, "has_mail": True}
# Who, what was said, and for inbox, desktop, push and mail the rule that decided; first whether it tells.
ALL = (True, True, True, True)
TABLE = {
    # Reasons, with everything at hand
    "named": ({"named": True}, {}, ALL, "mention"),
    "named at level all": ({"named": True, "level": "all"}, {}, ALL, "mention"),
    "direct": ({}, {"direct": True}, ALL, "direct"),
    "direct, whose default elsewhere is nothing": ({"default_level": "none"}, {"direct": True}, ALL, "direct"),
    "direct at level mentions": ({"level": "mentions"}, {"direct": True}, (False,) * 4, "not_addressed"),
    "direct at level mentions, named": ({"level": "mentions", "named": True}, {"direct": True}, ALL, "mention"),
    "@room": ({}, {"call": "room"}, (True, True, True, False), "room_call"),
    "@here": ({}, {"call": "here"}, (True, True, True, False), "here_call"),
    "@here while away": ({"online": False, "here": False}, {"call": "here"}, (False,) * 4, "not_addressed"),
    "@here and named while away": (
        {"online": False, "here": False, "named": True}, {"call": "here"}, (True, False, True, True), "mention",
    ),
    "@here while invisible": ({"here": False}, {"call": "here"}, (False,) * 4, "not_addressed"),
    "keyword": ({"keyword": "lathe"}, {}, (True, True, True, False), "keyword"),
    "keyword in a direct room": ({"keyword": "lathe"}, {"direct": True}, ALL, "direct"),
    "any message at level all": ({"level": "all"}, {}, (False, True, True, False), "level_all"),
    "any message at level mentions": ({}, {}, (False,) * 4, "not_addressed"),
    # Levels: the room's before mine, mine before the site's
    "site all": ({}, {"site_level": "all"}, (False, True, True, False), "level_all"),
    "site all, mine mentions": ({"default_level": "mentions"}, {"site_level": "all"}, (False,) * 4, "not_addressed"),
    "mine all, room mentions": ({"default_level": "all", "level": "mentions"}, {}, (False,) * 4, "not_addressed"),
    "mine none, room mentions, named": ({"default_level": "none", "level": "mentions", "named": True}, {}, ALL, "mention"),
    "level none, named": ({"level": "none", "named": True}, {}, (False,) * 4, "level_none"),
    "level none, called": ({"level": "none"}, {"call": "room"}, (False,) * 4, "level_none"),
    "level none, keyword": ({"level": "none", "keyword": "x"}, {}, (False,) * 4, "level_none"),
    "level none, direct": ({"level": "none"}, {"direct": True}, (False,) * 4, "level_none"),
    "site none": ({"named": True}, {"site_level": "none"}, (False,) * 4, "level_none"),
    "site none, direct": ({}, {"site_level": "none", "direct": True}, ALL, "direct"),
    # Against all channels
    "my own, naming me": ({"own": True, "named": True}, {}, (False,) * 4, "own"),
    "my own @room": ({"own": True}, {"call": "room"}, (False,) * 4, "own"),
    "of somebody I blocked": ({"blocks_sender": True, "named": True}, {}, (False,) * 4, "blocked"),
    "in a room that I only look at": ({"member": False, "level": "all"}, {}, (False,) * 4, "no_member"),
    "deleted": ({"named": True}, {"gone": True}, (False,) * 4, "gone"),
    # Reactions
    "reaction to mine": ({"author": True}, {"reaction": True}, (True, False, False, False), "reaction"),
    "reaction to mine, in a direct room": (
        {"author": True}, {"reaction": True, "direct": True}, (True, False, False, False), "reaction",
    ),
    "reaction to another's": ({}, {"reaction": True}, (False,) * 4, "not_addressed"),
    "reaction to another's at level all": ({"level": "all"}, {"reaction": True}, (False,) * 4, "not_addressed"),
    "my reaction to mine": ({"author": True, "own": True}, {"reaction": True}, (False,) * 4, "own"),
    "reaction of somebody I blocked": (
        {"author": True, "blocks_sender": True}, {"reaction": True}, (False,) * 4, "blocked",
    ),
    "reaction at level none": ({"author": True, "level": "none"}, {"reaction": True}, (False,) * 4, "level_none"),
}  # fmt: skip
# What stands against single channels, of a message that names somebody: rules of inbox, desktop, push, mail.
AGAINST = {
    "quiet": ({"quiet": True}, ("mention", "quiet_until", "quiet_until", "mention")),
    "off hours": ({"off_hours": True}, ("mention", "schedule", "schedule", "mention")),
    "quiet off hours": ({"quiet": True, "off_hours": True}, ("mention", "quiet_until", "quiet_until", "mention")),
    "read": ({"read": True}, ("mention", "read", "read", "read")),
    "offline": ({"online": False}, ("mention", "offline", "mention", "mention")),
    "active": ({"active": True}, ("mention", "mention", "active", "mention")),
    "no device": ({"has_device": False}, ("mention", "mention", "no_device", "mention")),
    "no mail": ({"has_mail": False}, ("mention", "mention", "mention", "no_mail")),
    "nothing at all": (
        {"online": False, "has_device": False, "has_mail": False}, ("mention", "offline", "no_device", "no_mail"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_who_is_told_and_why(case):
    person, said, told, rule = TABLE[case]
    decision = decide(Person(**{**HERE, **person}), Said(**said))
    assert tuple(decision.verdicts[channel].told for channel in Channel) == told
    if decision.reason is None:
        assert {verdict.rule for verdict in decision.verdicts.values()} == {rule}
    else:
        assert decision.reason == rule
        assert {verdict.rule for verdict in decision.verdicts.values() if verdict.told} == {rule}


@pytest.mark.parametrize("case", AGAINST)
def test_what_stands_against_a_channel(case):
    person, rules = AGAINST[case]
    decision = decide(Person(**{**HERE, "named": True, **person}), Said())
    assert tuple(decision.verdicts[channel].rule for channel in Channel) == rules
    assert {verdict.told for verdict in decision.verdicts.values() if verdict.rule != "mention"} <= {False}


def test_a_person_as_they_come_is_told_on_open_pages_and_in_the_inbox_alone():
    decision = decide(Person(named=True, online=True), Said())
    assert [channel for channel in Channel if decision.verdicts[channel].told] == ["inbox", "desktop"]
    assert decision.kind == "mention"


def test_each_case_has_a_rule_that_tells_or_one_that_does_not():
    """Whatever is combined: a verdict's rule says what it does, and the inbox has a kind exactly when it tells."""
    telling = {*KINDS, Rule.LEVEL_ALL}
    flags = (
        "named",
        "own",
        "author",
        "blocks_sender",
        "read",
        "quiet",
        "online",
        "here",
        "active",
        "has_device",
    )
    for values in itertools.product([False, True], repeat=len(flags)):
        for level, direct, call, reaction in itertools.product(
            ("", "all", "none"), (False, True), ("", "room", "here"), (False, True)
        ):
            person = Person(level=level, **dict(zip(flags, values, strict=True)))
            decision = decide(person, Said(direct=direct, call=call, reaction=reaction))
            assert set(decision.verdicts) == set(Channel)
            for verdict in decision.verdicts.values():
                assert verdict.told == (verdict.rule in telling)
            assert (decision.kind is not None) == decision.verdicts[Channel.INBOX].told
