"""`manage.py doctor`: is all well on this node, and if not, what to do."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

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

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[Finding] = []
        for finding in findings():
            found.append(finding)
            if not options["json"]:
                self._print(finding)
        if options["json"]:
            self.stdout.write(json.dumps([finding.as_json() for finding in found], indent=2))
        if not all(finding.ok for finding in found):
            raise SystemExit(1)

    def _print(self, finding: Finding) -> None:
        style, word = (self.style.SUCCESS, "ok") if finding.ok else (self.style.ERROR, "problem")
        cure = f" Cure: {finding.cure}." if finding.cure else ""
        self.stdout.write(f"{style(f'{word:<8}')} {finding.check:<14} {finding.found}.{cure}")
