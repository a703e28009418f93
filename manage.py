#!/usr/bin/env python3
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    if sys.argv[1:] == ["version"]:
        # An image's first layer has nothing of the project but this.
        execute_from_command_line(sys.argv)
        return
    try:
        if sys.argv[1:] == ["serve"]:
            from chatsite.operations import quick_start

            # Ends here where there is nothing to do but to serve.
            quick_start.serve()
        from chatsite.operations import commands

        commands.run(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Setting {error}")


if __name__ == "__main__":
    main()
