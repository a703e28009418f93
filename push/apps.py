from django.apps import AppConfig


class PushConfig(AppConfig):
    """Registers what is looked at again when a person's last active page goes."""

    name = "push"

    def ready(self) -> None:
        from accounts.presence import activity
        from messaging import leftovers
        from push import services
        from push.models import PushNotice

        activity.on_gone.append(services.look_again)
        leftovers.OF_MESSAGES.append(PushNotice)
        # The place to join notifications: their consumer calls `services.notify_all` with each message's people whom
        # its decision tells by push, or whom it doesn't because they are active; and reading calls `services.withdraw`.
