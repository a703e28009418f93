from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Registers the consumer of the log, and what reading and deleting take with them."""

    name = "notifications"

    def ready(self) -> None:
        from accounts.status import do_not_disturb
        from messaging import leftovers
        from notifications import channels, consumer, desktop, inbox, reading, services
        from notifications.models import Notification
        from rooms.log.consumers import registry
        from rooms.unread import marks, read_positions

        registry.register(consumer.consumer)
        channels.tellers.append(desktop.tell)
        marks.SUBQUERIES["inbox"] = inbox.UNREAD_MARK
        read_positions.on_read.append(reading.note)
        leftovers.OF_MESSAGES.append(Notification)
        do_not_disturb.hooks.append(services.quiet_now)
