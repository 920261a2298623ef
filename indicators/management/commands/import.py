"""`manage.py import FILE… --collection X`: STIX bundles into a collection."""

import json
import os
import sys
from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from indicators import pipeline
from indicators.management.progress import Progress
from indicators.management.terms import collection_named, member_named
from indicators.models import Collection, Member
from indicators.stix import UnreadableInput, parse_objects
from indicators.stix.stream import Envelope, envelopes
from indicators.store.judgement import Verdict

_MOST_BYTES = 1 << 30
_SHOWN = 20


@dataclass
class Tally:
    """What became of a file's objects, and the first of those that were not taken."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def note(self, index: int, stix_id: str | None, verdict: str, reason: str) -> None:
        self.notes.append({"index": index, "id": stix_id, "verdict": verdict, "reason": reason})


class Command(BaseCommand):
    help = (
        "Validate, store and log the objects of STIX bundles. Repeating an import changes nothing. "
        "Exit codes: 0 read to the end (what was refused is listed), 1 nothing of a file could be "
        "stored, or --strict and something was refused, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="STIX 2.1 bundle, - for stdin")
        parser.add_argument("--collection", required=True, help="alias, id or title")
        parser.add_argument("--member", help="who contributes (default: this node)")
        parser.add_argument("--strict", action="store_true", help="fail if anything is refused")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        collection = collection_named(options["collection"])
        member = member_named(options["member"])
        results = {name: self._import(name, collection, member) for name in options["files"]}
        if options["json"]:
            shown = {name: {**t.counts, "notes": t.notes} for name, t in results.items()}
            self.stdout.write(json.dumps(shown, indent=2))
        else:
            for name, tally in results.items():
                self._tell(name, tally)
        self._judge(results, options["strict"])

    def _import(self, name: str, collection: Collection, member: Member) -> Tally:
        tally = Tally()
        try:
            with _opened(name) as stream:
                size = os.fstat(stream.fileno()).st_size if name != "-" else None
                progress = Progress("objects", size)
                for envelope in envelopes(stream, objects=pipeline.BATCH):
                    done = _import_envelope(envelope, collection, member, tally)
                    progress.step(done, stream.tell() if size else None)
                progress.finish()
        except OSError as error:
            raise CommandError(f"{name} can't be read: {error.strerror}.", returncode=2) from error
        except UnreadableInput as error:
            raise CommandError(
                f"{name}{error.pointer and ' at ' + error.pointer}: {error}"
                f" {sum(tally.counts.values()):,} objects before it were imported."
            ) from error
        tally.counts["seconds"] = round(progress.seconds, 3)  # type: ignore[assignment]
        return tally

    def _tell(self, name: str, tally: Tally) -> None:
        counts, seconds = tally.counts, tally.counts["seconds"]
        taken = counts[Verdict.ADDED] + counts[Verdict.DUPLICATE]
        rate = sum(counts[verdict] for verdict in Verdict) / max(seconds, 1e-3)
        self.stdout.write(
            f"{name}: {counts[Verdict.ADDED]:,} added, {counts[Verdict.DUPLICATE]:,} known already"
            f" ({rate:,.0f} objects/s)"
        )
        if counts[Verdict.CONTRADICTED]:
            self.stdout.write(
                f"  {counts[Verdict.CONTRADICTED]:,} contradict an object of the same id and"
                " version: kept as evidence, not published (export --contradictions shows them)"
            )
        if counts[Verdict.REFUSED]:
            self.stdout.write(f"  {counts[Verdict.REFUSED]:,} refused")
        for note in tally.notes[:_SHOWN]:
            self.stdout.write(
                f"  objects/{note['index']} {note['id'] or '(no id)'}: {note['reason']}"
            )
        if len(tally.notes) > _SHOWN:
            self.stdout.write(f"  … and {len(tally.notes) - _SHOWN:,} more (--json lists all)")
        if not taken:
            self.stdout.write("  nothing was stored")

    def _judge(self, results: dict[str, Tally], strict: bool) -> None:
        for name, tally in results.items():
            taken = tally.counts[Verdict.ADDED] + tally.counts[Verdict.DUPLICATE]
            if not taken and tally.notes:
                raise CommandError(f"{name}: no object could be stored; see the reasons above.")
            if strict and tally.notes:
                raise CommandError(f"{name}: {len(tally.notes):,} objects were not taken.")


def _import_envelope(
    envelope: Envelope, collection: Collection, member: Member, tally: Tally
) -> int:
    parsed = parse_objects(envelope.source, max_bytes=_MOST_BYTES)
    for problem in parsed.problems:
        place = f"{problem.pointer or '/'}: {problem.message}"
        tally.note(envelope.first + problem.index, problem.id, Verdict.REFUSED, place)
    bad = {problem.index for problem in parsed.problems}
    tally.counts[Verdict.REFUSED] += len(bad)
    for outcomes in pipeline.import_objects(collection, member, parsed.objects):
        for outcome in outcomes:
            tally.counts[outcome.verdict] += 1
            if outcome.reason:
                index = envelope.first + outcome.index
                tally.note(index, outcome.id, outcome.verdict, outcome.reason)
    return len(parsed.objects) + len(bad)


def _opened(name: str) -> BinaryIO:
    return sys.stdin.buffer if name == "-" else Path(name).open("rb")
