"""`manage.py doctor`: is all well on this node, and if not, what to do."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from indicators.management.checkup import Finding, findings


class Command(BaseCommand):
    help = (
        "Check configuration, secrets, database, keys, clock, broker and disk; say what to do. "
        "Exit codes: 0 all is well, 1 there is a problem."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--data", type=Path, metavar="DIR", help="the node's data directory")

        parser.add_argument("--variables", action="store_true", help="list what can be set")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["variables"]:
            self._list_variables()
            return
        found: list[Finding] = []
        for finding in findings():
            found.append(finding)
            if not options["json"]:
                self._print(finding)
        if options["json"]:
            self.stdout.write(json.dumps([finding.as_json() for finding in found], indent=2))
        if not all(finding.ok for finding in found):
            raise SystemExit(1)

    def _list_variables(self) -> None:
        for variable in settings.VARIABLES:
            default = f" [{variable.default}]" if variable.default else ""
            self.stdout.write(f"{variable.name}{default}\n    {variable.purpose}")

    def _print(self, finding: Finding) -> None:
        style, word = (self.style.SUCCESS, "ok") if finding.ok else (self.style.ERROR, "problem")
        cure = f" Cure: {finding.cure}." if finding.cure else ""
        self.stdout.write(f"{style(f'{word:<8}')} {finding.check:<14} {finding.found}.{cure}")
