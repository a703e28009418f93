from django.apps import AppConfig


class EmojiConfig(AppConfig):
    name = "emoji"
