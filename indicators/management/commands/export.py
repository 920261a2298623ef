"""`manage.py export`: a collection as a STIX bundle, byte for byte as stored."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError

from indicators.management.progress import Progress
from indicators.management.terms import collection_named
from indicators.models import Collection, Contradiction
from indicators.store import feed


class Command(BaseCommand):
    help = "Write a collection's objects as a STIX 2.1 bundle."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection", help="alias, id or title")
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
        parser.add_argument("--all-versions", action="store_true", help="not only the latest")
        parser.add_argument(
            "--contradictions",
            action="store_true",
            help="instead: contents kept as evidence because they contradict a version in it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        collection = collection_named(options["collection"])
        versions = feed.Versions(every=options["all_versions"], latest=True)
        bodies = (
            _contradictions(collection)
            if options["contradictions"]
            else feed.bodies(collection.pk, feed.Selection(versions=versions))
        )
        if options["output"] is None:
            _write(sys.stdout.buffer, bodies)
            return
        # Under another name until complete: a half-written bundle is never mistaken for one.
        partial = options["output"].with_name(options["output"].name + ".partial")
        try:
            with partial.open("wb") as stream:
                count = _write(stream, bodies)
            partial.replace(options["output"])
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}.", returncode=2) from error
        self.stderr.write(f"{count:,} objects written to {options['output']}")


def _write(stream: BinaryIO, bodies: Iterator[bytes]) -> int:
    progress = Progress("objects")
    stream.write(b'{"id":"bundle--%s","objects":[' % str(uuid4()).encode())
    for count, body in enumerate(bodies):
        stream.write(b",\n" + body if count else b"\n" + body)
        progress.step(1)
    stream.write(b'\n],"type":"bundle"}\n')
    progress.finish()
    return progress.done


def _contradictions(collection: Collection) -> Iterator[bytes]:
    found = Contradiction.objects.extra(
        where=[
            "EXISTS (SELECT FROM indicators_entry e WHERE e.collection_id = %s"
            " AND e.stix_id = indicators_contradiction.stix_id)"
        ],
        params=[collection.pk],
    )
    for row in found.order_by("id").iterator():
        yield bytes(row.body)
