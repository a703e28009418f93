from django.apps import AppConfig

from chatsite.contract.events import REGISTRY, Carries, Reach


class MessagingConfig(AppConfig):
    """Registers the builders of message events for rooms' logs, and what becomes of reactions that are gone."""

    name = "messaging"

    def ready(self) -> None:
        from files.uploading.excerpts import colourers
        from messaging.history import history
        from messaging.reactions import services
        from messaging.rendering.highlighting import coloured
        from rooms.log import log

        log.revisions |= dict.fromkeys(("reaction-added", "reaction-removed"), services.revise)

        colourers.append(coloured)
        for event in REGISTRY:
            if event.reach is Reach.LOG and event.carries is Carries.MESSAGE:
                log.builders[event.name] = history.replay
