from django.apps import AppConfig

from chatsite.contract.events import REGISTRY, Carries, Reach


class MessagingConfig(AppConfig):
    """Registers the builders of message events for rooms' logs."""

    name = "messaging"

    def ready(self) -> None:
        from messaging.history import history
        from rooms.log import log

        for event in REGISTRY:
            if event.reach is Reach.LOG and event.carries is Carries.MESSAGE:
                log.builders[event.name] = history.replay
