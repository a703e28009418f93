from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Registers the builders of message events for rooms' logs."""

    name = "messaging"

    def ready(self) -> None:
        from messaging.history import history
        from rooms.log import log

        for name in history.EVENT_NAMES:
            log.builders[name] = history.replay
