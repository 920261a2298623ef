#!/usr/bin/env python3
"""Retort's command line: `python manage.py up` runs a node, `help` lists the rest."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "indicators.config.settings")
    # What people start by hand is quiet; servers that start without this file log every request.
    os.environ.setdefault("LOG_LEVEL", "warning")
    from django.core.management import execute_from_command_line

    from indicators.config.env import Misconfigured
    from indicators.local import borrow_for_command

    try:
        with borrow_for_command(sys.argv):
            execute_from_command_line(sys.argv)
    except Misconfigured as error:
        raise SystemExit(f"Configuration: {error}") from None


if __name__ == "__main__":
    main()
