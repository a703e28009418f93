from django.apps import AppConfig


class DraftsConfig(AppConfig):
    """Registers what pages show of drafts, what becomes of one when its message is sent by a form, and
    that reminders go into the inbox."""

    name = "drafts"

    def ready(self) -> None:
        from drafts import pages
        from drafts.reminders import services as reminders
        from messaging.views import draft_hooks
        from rooms.templatetags import sidebar
        from rooms.unread import marks

        reminders.due_hooks.append(reminders.put_into_inbox)
        draft_hooks.draft_of = pages.draft_of
        draft_hooks.forget = pages.forget
        sidebar.rooms_with_drafts = pages.rooms_with_drafts
        marks.SUBQUERIES["drafts"] = pages.DRAFTS_MARK
