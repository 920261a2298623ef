"""`manage.py audit`: who did what, and who read raw identifiers."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from indicators.detections.audit import export
from indicators.management.verbs import VerbCommand
from indicators.models import AuditEvent


class Command(VerbCommand):
    help = "The audit log: list the newest events, export all of them as JSON lines."

    def add_verbs(self, verbs: Any) -> None:
        listed = self.verb(verbs, "list", self.list, "List the newest events.")
        listed.add_argument("--limit", type=int, default=50)
        exported = self.verb(verbs, "export", self.export, "Write events as JSON lines.")
        exported.add_argument("file", type=Path, nargs="?", help="default: standard output")
        exported.add_argument("--since", metavar="TIME", help="ISO 8601; UTC if it names no zone")

    def list(self, options: dict[str, Any]) -> None:
        newest = AuditEvent.objects.order_by("-at", "-pk")[: options["limit"]]
        self.show([_row(event) for event in newest], options)

    def export(self, options: dict[str, Any]) -> None:
        since = _time(options["since"])
        if options["file"] is None:
            sys.stdout.writelines(line.decode() for line in export(since))
            return
        try:
            # Not over an older export, which may be evidence.
            with options["file"].open("xb") as file:
                file.writelines(export(since))
        except OSError as error:
            raise CommandError(
                f"{options['file']}: {error.strerror}; name another file."
            ) from error


def _row(event: AuditEvent) -> dict[str, Any]:
    return {
        "at": event.at.isoformat(timespec="seconds"),
        "actor": event.actor,
        "act": event.act,
        "subject": event.subject,
        "detail": event.detail,
    }


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is not a time; write 2026-11-22T06:00:00Z.") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)
