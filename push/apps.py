from importlib import import_module

from django.apps import AppConfig, apps


class PushConfig(AppConfig):
    """Registers the channel of notifications, and what is looked at again when a person's last active page goes."""

    name = "push"

    def ready(self) -> None:
        from accounts.presence import activity
        from messaging import leftovers
        from push import channel, services
        from push.models import PushNotice

        activity.on_gone.append(services.look_again)
        leftovers.OF_MESSAGES.append(PushNotice)
        if apps.is_installed("notifications"):
            channels = import_module("notifications.channels")
            channels.knowledge.append(channel.known_of)
            channels.tellers.append(channel.tell)
