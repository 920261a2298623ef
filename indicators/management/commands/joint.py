"""`manage.py joint`: what several organizations see of one actor, and how sure that is."""

import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import F, Func, IntegerField

from indicators.management.verbs import VerbCommand
from indicators.models import JointCluster
from indicators.reconcile.outline import names_of, outline


class Command(VerbCommand):
    help = "Joint clusters: what several organizations see of one actor; why it is how sure."

    def add_verbs(self, verbs: Any) -> None:
        listed = self.verb(verbs, "list", self.list, "The surest first.")
        listed.add_argument(
            "--organizations", type=int, default=1, help="seen first-hand by at least so many"
        )
        listed.add_argument("--limit", type=int, default=100)
        show = self.verb(verbs, "show", self.show_joint, "Who sees it, what they share, and why.")
        show.add_argument("id", type=UUID)
        why = self.verb(verbs, "why", self.why, "Its confidence, term by term.")
        why.add_argument("id", type=UUID)

    def list(self, options: dict[str, Any]) -> None:
        count = Func(F("origins"), function="jsonb_array_length", output_field=IntegerField())
        found = JointCluster.objects.filter(ended_at=None).annotate(count=count)
        found = found.filter(count__gte=options["organizations"])
        shown = [*found.order_by("-confidence", "pk")[: options["limit"]]]
        names = names_of(shown)
        rows = [
            {
                "id": joint.pk,
                "confidence": f"{joint.confidence:.2f}",
                "organizations": len(joint.origins),
                "seen by": ", ".join(names[joint.pk]),
                "subjects": joint.subject_count,
                "changed": joint.changed_at,
            }
            for joint in shown
        ]
        self.show(rows, options)

    def show_joint(self, options: dict[str, Any]) -> None:
        told = asdict(outline(_joint(options["id"])))
        self.stdout.write(json.dumps(told, indent=2, default=str, ensure_ascii=False))

    def why(self, options: dict[str, Any]) -> None:
        self.stdout.write("\n".join(outline(_joint(options["id"])).why))


def _joint(number: UUID) -> JointCluster:
    """The cluster of that id, or the one that it merged into."""
    joint = JointCluster.objects.filter(pk=number).first()
    while joint is not None and joint.merged_into is not None:
        joint = joint.merged_into
    if joint is None:
        raise CommandError("There is no such joint cluster; `joint list` shows them.")
    return joint
