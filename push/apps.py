from django.apps import AppConfig


class PushConfig(AppConfig):
    """Registers the channel of notifications, and what is looked at again when a person's last active page goes."""

    name = "push"

    def ready(self) -> None:
        from accounts.presence import activity
        from drafts.reminders.services import due_hooks
        from messaging import leftovers
        from notifications import channels
        from notifications import handovers as channels_handovers
        from push import channel, services
        from push.delivery import handovers
        from push.models import PushNotice

        activity.on_gone.append(services.look_again)
        due_hooks.append(channel.remind)
        leftovers.OF_MESSAGES.append(PushNotice)
        channels.knowledge.append(channel.known_of)
        channels.tellers.append(channel.tell)
        channels_handovers.of_devices.append(handovers.of_devices)
