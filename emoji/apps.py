from django.apps import AppConfig


class EmojiConfig(AppConfig):
    """Tells `accounts` of the site's own emoji, for statuses."""

    name = "emoji"

    def ready(self) -> None:
        from accounts.status import own_emoji
        from emoji import names

        own_emoji.spelling_of = names.own_spelling
        own_emoji.image_of = names.image_of
