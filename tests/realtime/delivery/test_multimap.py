"""Groups against plain sets, and the rooms of connections that share them."""

from hypothesis import given
from hypothesis import strategies as st

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import NO_ROOMS, Connection
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.delivery.multimap import Multimap

steps = st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.sampled_from("abcd")), max_size=40)


@given(steps)
def test_groups_are_sets_by_key(steps):
    groups, model = Multimap(), {}
    for adds, key, member in steps:
        if adds:
            groups.add(key, member)
            model.setdefault(key, set()).add(member)
        else:
            last = model.get(key) == {member}
            assert groups.discard(key, member) is last
            model.get(key, set()).discard(member)
            model = {key: members for key, members in model.items() if members}
        assert groups.keys() == model.keys()
        assert len(groups) == len(model)
        assert groups.total == sum(map(len, model.values()))
        for key in range(3):
            assert (key in groups) is (key in model)
            assert sorted(groups.members(key)) == sorted(model.get(key, ()))
        assert sorted(groups.all_members()) == sorted(one for members in model.values() for one in members)


class Nobody:
    def push(self, frame, droppable=False):
        pass


people = st.lists(st.tuples(st.sampled_from("+-."), st.integers(0, 3), st.sampled_from("abc")), max_size=60)


@given(people)
def test_whoever_joins_and_leaves_is_where_they_say_and_there_alone(steps):
    """`.` is somebody who goes for good."""
    all_members = [Connection(f"sid{n}", Identity(n % 2, "ada"), Nobody()) for n in range(4)]
    model = {connection: set() for connection in all_members}
    for connection in all_members:
        subscriptions.attach(connection)
    for step, n, slug in steps:
        connection = all_members[n]
        if step == "+":
            subscriptions.subscribe(connection, slug)
            if not connection.closed:
                model[connection].add(slug)
        elif step == "-":
            subscriptions.unsubscribe(connection, slug)
            model[connection].discard(slug)
        else:
            subscriptions.detach(connection)
            model[connection].clear()
        assert {one: set(one.rooms) for one in all_members} == model
        for room in "abc":
            assert set(subscriptions.subscribers(room)) == {one for one in all_members if room in model[one]}
    for connection in all_members:
        subscriptions.detach(connection)
        assert connection.rooms is NO_ROOMS
    assert not subscriptions._rooms
    assert not subscriptions._users


def test_those_in_one_room_share_its_name_and_nothing_of_it_stays():
    here = [Connection(f"sid{n}", Identity(n, "ada"), Nobody()) for n in range(3)]
    for connection in here:
        subscriptions.attach(connection)
        subscriptions.subscribe(connection, "lobby")
    assert here[0].rooms is here[1].rooms is here[2].rooms
    subscriptions.subscribe(here[0], "other")
    assert (here[0].rooms, here[1].rooms) == ({"lobby", "other"}, {"lobby"})
    for connection in here:
        subscriptions.detach(connection)
    del connection
    here.clear()
    assert "lobby" not in subscriptions._single_rooms
