"""Commands with verbs (`member add`, `member list`): one function a verb, `--json` everywhere."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from federation.errors import FederationError
from indicators.detections.errors import DetectionError
from indicators.store.errors import StoreError


class VerbCommand(BaseCommand):
    """`add_verbs` declares parsers whose `run` default is the function of the verb."""

    output_transaction = False
    columns: ClassVar[Sequence[str]] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
        self.add_verbs(verbs)

    def add_verbs(self, verbs: Any) -> None:
        raise NotImplementedError

    def verb(self, verbs: Any, name: str, run: Any, purpose: str) -> ArgumentParser:
        parser: ArgumentParser = verbs.add_parser(name, help=purpose, description=purpose)
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(run=run)
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            options["run"](options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except (DetectionError, FederationError, StoreError) as error:
            raise CommandError(str(error)) from error

    def show(self, rows: Sequence[dict[str, Any]], options: dict[str, Any]) -> None:
        """Rows as an aligned table, or as JSON."""
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2, default=str))
            return
        if not rows:
            self.stdout.write("None yet.")
            return
        names = list(rows[0])
        widths = [
            max(len(str(row[name])) for row in [dict(zip(names, names, strict=True)), *rows])
            for name in names
        ]
        for row in [dict(zip(names, names, strict=True)), *rows]:
            cells = [str(row[name]).ljust(width) for name, width in zip(names, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())
