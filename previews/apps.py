from django.apps import AppConfig


class PreviewsConfig(AppConfig):
    """Registers the consumer of the log, and what becomes of previews when a message is edited or deleted."""

    name = "previews"

    def ready(self) -> None:
        from files.models import File
        from files.services import sights
        from messaging import hooks, leftovers
        from previews import consumer, pictures, services
        from previews.models import MessagePreview
        from rooms.log.consumers import registry

        registry.register(consumer.consumer)
        sights[File.Purpose.PREVIEW] = pictures.check_sight
        hooks.on_edit.append(services.drop_lost_links)
        hooks.on_delete.append(services.forget)
        leftovers.OF_MESSAGES.append(MessagePreview)
