"""Count the queries of a page's second request. Run under Django's settings."""

import json
import sys

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.models import User  # noqa: E402


def count(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200, path
    return len(queries)


def main(pages: dict[str, str]) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get(username="reader"))
    counted = {name: count(client, path) for name, path in pages.items()}
    print(json.dumps({**counted, "cookie": client.cookies["sessionid"].value}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
