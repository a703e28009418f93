from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from messaging import events
        from rooms import log

        for name in events.NAMES:
            log.builders[name] = events.replay
