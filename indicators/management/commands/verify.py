"""`manage.py verify`: this node's logs from its tables, or anybody's collection over HTTP."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from federation.errors import FederationError
from federation.keys import Verifier
from federation.transparency.audit import verify_log
from indicators.management.progress import Progress
from indicators.management.remote_feed import RemoteFailed, RemoteFeed
from indicators.management.terms import collection_named
from indicators.models import Collection
from indicators.store.custody import check_custody
from indicators.store.errors import LogMismatch


class Command(BaseCommand):
    help = (
        "Without a URL: recompute this node's logs from their entries, and compare every stored "
        "object with its entry. With a collection's URL: replay its feed as a reader and compare "
        "with the signed checkpoint. Exit codes: 0 sound, 1 not sound, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "what", nargs="*", metavar="COLLECTION | URL", help="default: every collection here"
        )
        parser.add_argument("--user", metavar="NAME:KEY", help="HTTP Basic, for a URL")
        parser.add_argument("--key", help="API key (Bearer), for a URL")
        parser.add_argument("--vkey", help="the log's public key, from its operator, for a URL")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["what"]
        urls = [name for name in names if name.startswith(("http://", "https://"))]
        if urls:
            reports = [self._remote(url, options) for url in urls]
        else:
            here = [collection_named(name) for name in names] or Collection.objects.order_by(
                "title"
            )
            reports = [self._local(collection) for collection in here]
        if options["json"]:
            self.stdout.write(json.dumps(reports, indent=2))
            return
        for report in reports:
            self.stdout.write("  ".join(f"{name} {value}" for name, value in report.items()))
        self.stdout.write("Sound." if reports else "There is no collection yet.")

    def _local(self, collection: Collection) -> dict[str, Any]:
        try:
            sound = verify_log(collection.pk)
            custody = check_custody(collection, sound.size)
        except (FederationError, LogMismatch) as error:
            raise CommandError(f"{collection.title}: {error}") from error
        return {
            "collection": collection.title,
            "entries": sound.size,
            "served": custody.served,
            "withdrawn": custody.withdrawn,
            "checkpoints": sound.checkpoints,
            "root": sound.root.hex(),
        }

    def _remote(self, url: str, options: dict[str, Any]) -> dict[str, Any]:
        if not options["vkey"]:
            raise CommandError(
                "A reader needs the log's key: --vkey, as the node's operator gives it out"
                " (`collection list` prints it there).",
                returncode=2,
            )
        user = tuple(options["user"].split(":", 1)) if options["user"] else None
        if user is not None and len(user) != 2:
            raise CommandError("--user takes NAME:KEY.", returncode=2)
        progress = Progress("objects")
        try:
            found = RemoteFeed(url, user, options["key"]).verify(
                Verifier.parse(options["vkey"]), progress.step
            )
        except (FederationError, RemoteFailed) as error:
            raise CommandError(f"{url}: {error}") from error
        finally:
            progress.finish()
        return {
            "origin": found.origin,
            "entries": found.size,
            "seen": found.match.present,
            "erased or withheld": found.match.missing + found.match.trailing,
            "root": found.root.hex(),
        }
