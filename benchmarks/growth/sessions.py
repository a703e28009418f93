"""Log people in by their numbers, and print the values of their session cookies. Run under Django's settings."""

import json
import sys

import django

django.setup()

from django.test import Client  # noqa: E402

from accounts.models import User  # noqa: E402


def session_of(number: int) -> str:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get(username=f"person{number:05}"))
    return client.cookies["sessionid"].value


if __name__ == "__main__":
    print(json.dumps([session_of(int(number)) for number in sys.argv[1:]]))
