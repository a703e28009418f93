"""Who is on the stage: people with tokens and a password, in private rooms of a machine's site."""

from tests.support.clients.cast import PASSWORD
from tests.support.servers.harness import Server

SCRIPT = """
import json, secrets, sys
from django.contrib.auth.hashers import make_password
from accounts.models import ApiToken, User
from rooms import services
from rooms.models import Membership, Room
password, room, *names = sys.argv[1:]
hashed = make_password(password)
tokens = [f"chat_{secrets.token_urlsafe(32)}" for _ in names]
people = User.objects.bulk_create([User(username=name, password=hashed) for name in names])
ApiToken.objects.bulk_create(
    ApiToken(user=user, name="chaos", prefix=token[:12], digest=ApiToken.digest_of(token))
    for user, token in zip(people, tokens)
)
found = Room.objects.filter(slug=room).first() or services.create_room(people[0], room, kind="private")
# An address that is known: a private room's own has a random tail.
Room.objects.filter(pk=found.pk).update(slug=room)
missing = [user for user in people if not found.memberships.filter(user=user).exists()]
Membership.objects.bulk_create(Membership(room=found, user=user) for user in missing)
print(json.dumps(dict(zip(names, tokens))))
"""


def settle(server: Server, room: str, names: list[str]) -> dict[str, str]:
    """New people in the room, which is made where it isn't there yet, as the first one's. Tokens by name."""
    return server.script(SCRIPT, PASSWORD, room, *names)
