#!/usr/bin/env python3
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    from django.core.exceptions import ImproperlyConfigured

    try:
        from chatsite import commands

        commands.run(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Setting {error}")


if __name__ == "__main__":
    main()
