"""`manage.py draft`: what would be published, and the decisions of people about it."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from indicators import pipeline
from indicators.detections.drafts.making import readable
from indicators.detections.errors import DetectionError
from indicators.management.terms import person_named
from indicators.management.verbs import VerbCommand
from indicators.models import Draft, DraftState


class Command(VerbCommand):
    help = "Drafts: list, show what peers would see, approve, reject, describe a cluster."

    def add_verbs(self, verbs: Any) -> None:
        listed = self.verb(verbs, "list", self.list, "List drafts, the oldest first.")
        listed.add_argument("--state", choices=DraftState.values, default=DraftState.REVIEW)
        show = self.verb(verbs, "show", self.show_draft, "What peers would see, and what stays.")
        show.add_argument("id", type=UUID)
        approve = self.verb(verbs, "approve", self.approve, "Let a draft be published.")
        self._decision(approve, needs_reason=False)
        reject = self.verb(verbs, "reject", self.reject, "Share nothing that a draft would add.")
        self._decision(reject, needs_reason=True)
        describe = self.verb(
            verbs, "describe", self.describe, "Write of a draft's campaign what peers shall read."
        )
        describe.add_argument("id", type=UUID)
        describe.add_argument("text")
        describe.add_argument("--as", dest="person", required=True, metavar="USER")

    def list(self, options: dict[str, Any]) -> None:
        found = Draft.objects.filter(state=options["state"]).select_related("cluster__detector")
        self.show([_row(each) for each in found.order_by("created_at")[:1000]], options)

    def show_draft(self, options: dict[str, Any]) -> None:
        draft = Draft.objects.filter(pk=options["id"]).first()
        if draft is None:
            raise CommandError("There is no such draft; `draft list` shows those in review.")
        told = {
            **_row(draft),
            "preview": draft.preview,
            "objects": readable(bytes(draft.objects_zstd)),
        }
        self.stdout.write(json.dumps(told, indent=2, default=str, ensure_ascii=False))

    def approve(self, options: dict[str, Any]) -> None:
        with _refusals():
            pipeline.approve(options["id"], person_named(options["person"]), options["reason"])
        self.show([{"id": options["id"], "state": "approved"}], options)

    def reject(self, options: dict[str, Any]) -> None:
        with _refusals():
            pipeline.reject(options["id"], person_named(options["person"]), options["reason"])
        self.show([{"id": options["id"], "state": "rejected"}], options)

    def describe(self, options: dict[str, Any]) -> None:
        draft = Draft.objects.filter(pk=options["id"], cluster__isnull=False).first()
        if draft is None or draft.cluster_id is None:
            raise CommandError("There is no such draft of a cluster.")
        with _refusals():
            pipeline.describe_cluster(
                draft.cluster_id, person_named(options["person"]), options["text"]
            )
        self.show([{"cluster": draft.cluster_id, "drafted": "soon"}], options)

    @staticmethod
    def _decision(parser: ArgumentParser, *, needs_reason: bool) -> None:
        parser.add_argument("id", type=UUID)
        parser.add_argument("--as", dest="person", required=True, metavar="USER")
        parser.add_argument("--reason", required=needs_reason, default="")


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal is a sentence for whoever typed the command."""
    try:
        yield
    except DetectionError as error:
        raise CommandError(str(error)) from error


def _row(draft: Draft) -> dict[str, Any]:
    return {
        "id": draft.pk,
        "state": draft.state,
        "since": draft.state_since,
        "what": "answer" if draft.cluster is None else "cluster",
        "detector": "" if draft.cluster is None else draft.cluster.detector.name,
        "objects": draft.object_count,
        "why": draft.failure or "; ".join(draft.review_reasons),
    }
