from django.apps import AppConfig


class DraftsConfig(AppConfig):
    """Registers what pages show of drafts, and what becomes of one when its message is sent by a form."""

    name = "drafts"

    def ready(self) -> None:
        from drafts import pages
        from messaging.views import draft_hooks
        from rooms.templatetags import sidebar

        draft_hooks.draft_of = pages.draft_of
        draft_hooks.forget = pages.forget
        sidebar.rooms_with_drafts = pages.rooms_with_drafts
