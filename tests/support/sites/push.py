"""The site with the push service of the tests' own, whose members' devices are told of each message."""

from tests.support.sites.devices import application  # isort: skip

from messaging.models import Message
from push import services
from push.models import Kind
from push.services import Notice
from rooms.log.consumers import registry, service
from rooms.models import Membership

__all__ = ["application"]

service.LOOK_SECONDS = 0.4


def handle(room, lines):
    for message in Message.objects.filter(pk__in=[line.subject_id for line in lines]).order_by("pk"):
        members = Membership.objects.filter(room=room).exclude(user=message.sender_id)
        url = f"/chat/{room.slug}/message/{message.pk}"
        notice = Notice(Kind.ROOM, message.seq, url, message.created_at, room=room, message=message)
        services.notify_all(list(members.values_list("user_id", flat=True)), notice)
    return True


registry.register(registry.LogConsumer("push-of-tests", frozenset({"chat-message"}), handle))
