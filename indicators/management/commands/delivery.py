"""`manage.py delivery`: how far readers are, and who holds what was taken back."""

from typing import Any

from indicators.management.terms import collection_named
from indicators.management.verbs import VerbCommand
from indicators.models import Collection
from indicators.reconcile.delivery import Progress, progress, retractions


class Command(VerbCommand):
    help = "Deliveries: how far each reader of a collection is, and which retractions it lacks."

    def add_verbs(self, verbs: Any) -> None:
        listed = self.verb(verbs, "list", self.list, "How far readers are, by collection.")
        listed.add_argument("--collection")
        taken = self.verb(verbs, "retractions", self.retractions, "What was taken back, and where.")
        taken.add_argument("collection")
        taken.add_argument("--awaited", action="store_true", help="what somebody lacks still")
        taken.add_argument("--limit", type=int, default=100)

    def list(self, options: dict[str, Any]) -> None:
        named = options["collection"]
        found = [collection_named(named)] if named else _served()
        rows = [_row(each, how_far) for each in found for how_far in progress(each.pk)]
        self.show(rows, options)

    def retractions(self, options: dict[str, Any]) -> None:
        collection = collection_named(options["collection"])
        found = retractions(collection.pk, awaited_only=options["awaited"], limit=options["limit"])
        rows = [
            {
                "object": each.stix_id,
                "entry": each.seq,
                "since": each.since,
                "held by": ", ".join(each.held_by),
                "awaited": ", ".join(each.awaited),
            }
            for each in found
        ]
        self.show(rows, options)


def _served() -> list[Collection]:
    return [*Collection.objects.filter(is_inbox=False).order_by("title")]


def _row(collection: Collection, how_far: Progress) -> dict[str, Any]:
    reader = how_far.reader
    return {
        "collection": collection.title,
        "reader": reader.name,
        "state": reader.state,
        "holds": reader.size,
        "by": reader.by or "nothing yet",
        "at": reader.at or "",
        "retractions awaited": how_far.awaited,
        "since": how_far.since or "",
    }
