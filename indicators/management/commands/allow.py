"""`manage.py allow`: whose identifiers are never shared and never matched."""

import getpass
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from django.db import transaction

from federation.errors import NotNormalizable
from indicators.detections.errors import AlreadyAllowed
from indicators.detections.identifiers import allowlist
from indicators.detections.retention import withhold_allowed
from indicators.management.verbs import VerbCommand
from indicators.models import Allowed


class Command(VerbCommand):
    help = "Allow lists: add (from standard input), list, remove, apply to what is held already."

    def add_verbs(self, verbs: Any) -> None:
        # Not as an argument, where the shell's history and every user's `ps` would show it.
        add = self.verb(verbs, "add", self.add, "Add identifiers, one a line of standard input.")
        add.add_argument("kind", choices=allowlist.KINDS)
        add.add_argument("--reason", required=True, help="whose they are and why; analysts see it")
        add.add_argument("--region", help="ISO 3166, for phone numbers in national form")
        self.verb(verbs, "list", self.list, "List entries by id and reason, without their values.")
        remove = self.verb(verbs, "remove", self.remove, "Take an entry off the list.")
        remove.add_argument("id", type=UUID)
        self.verb(
            verbs, "apply", self.apply, "Take back the tokens of accounts that are on it by now."
        )

    def add(self, options: dict[str, Any]) -> None:
        added = []
        with transaction.atomic():
            for number, line in enumerate(sys.stdin, 1):
                if line.strip():
                    added.append(_add(number, line.strip(), options))
        self.show([_row(entry) for entry in added], options)
        self.stderr.write("What was shared before stays shared until `allow apply`.")

    def list(self, options: dict[str, Any]) -> None:
        self.show([_row(entry) for entry in Allowed.objects.order_by("added_at")], options)

    def remove(self, options: dict[str, Any]) -> None:
        allowlist.remove(options["id"], actor=getpass.getuser())
        self.show([{"id": options["id"], "removed": True}], options)

    def apply(self, options: dict[str, Any]) -> None:
        now, after = datetime.now(UTC), 0
        while (last := withhold_allowed(now, after)) is not None:
            after = last
        self.show([{"applied": True}], options)


def _add(number: int, value: str, options: dict[str, Any]) -> Allowed:
    try:
        return allowlist.add(
            options["kind"],
            value,
            reason=options["reason"],
            actor=getpass.getuser(),
            region=options["region"],
        )
    except (NotNormalizable, AlreadyAllowed) as error:
        raise CommandError(f"Line {number}: {error} Nothing was added.") from error


def _row(entry: Allowed) -> dict[str, Any]:
    return {
        "id": str(entry.pk),
        "kind": entry.kind,
        "reason": entry.reason,
        "added by": entry.added_by,
        "added at": entry.added_at,
    }
