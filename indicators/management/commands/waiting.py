"""`manage.py waiting`: what stopped on its way out, with the reason; and sending it again."""

from typing import Any
from uuid import UUID

from indicators import pipeline
from indicators.management.verbs import VerbCommand


class Command(VerbCommand):
    help = "What waits for a person, a key-holder or a repair: list it, run what failed again."

    def add_verbs(self, verbs: Any) -> None:
        self.verb(verbs, "list", self.list, "What waits and why, the oldest first.")
        again = self.verb(verbs, "retry", self.retry, "Run again what failed: all of it, or these.")
        again.add_argument("ids", nargs="*", type=UUID)

    def list(self, options: dict[str, Any]) -> None:
        self.show(
            [
                {
                    "what": each.what,
                    "id": each.id,
                    "detector": each.detector,
                    "stage": each.stage,
                    "since": each.since,
                    "reason": each.reason,
                }
                for each in pipeline.waiting()
            ],
            options,
        )

    def retry(self, options: dict[str, Any]) -> None:
        count = pipeline.run_again("command line", options["ids"] or None)
        self.show([{"sent again": count}], options)
