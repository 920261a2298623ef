"""`manage.py match`: leads that others' indicators give, and what people find of them."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from indicators import pipeline
from indicators.management.terms import person_named
from indicators.management.verbs import VerbCommand
from indicators.models import Draft, MatchState
from indicators.reconcile.leads import Lead, lead_counts, leads, leads_named
from indicators.reconcile.replies import REACTIONS
from indicators.reconcile.triage import Decision

_DECISIONS = (
    ("confirm", MatchState.CONFIRMED, "The same actor: tell its origin by a sighting."),
    ("false-positive", MatchState.FALSE_POSITIVE, "Not the same: tell its origin by an opinion."),
    ("ask", MatchState.NEEDS_INFORMATION, "It needs more information; a reaction asks for it."),
    ("reopen", MatchState.OPEN, "Nobody's decision any more; what was said is taken back."),
)


class Command(VerbCommand):
    help = "Matches with what other organizations shared: list, show, and decide on them."

    def add_verbs(self, verbs: Any) -> None:
        listed = self.verb(verbs, "list", self.list, "List matches, the newest change first.")
        listed.add_argument("--state", choices=MatchState.values, default=MatchState.OPEN)
        listed.add_argument("--limit", type=int, default=100)
        self.verb(verbs, "count", self.count, "How many matches stand in each state.")
        show = self.verb(verbs, "show", self.show_match, "A match, and what was answered.")
        show.add_argument("id", type=UUID)
        for name, state, purpose in _DECISIONS:
            self._decision(self.verb(verbs, name, self.decide, purpose), state)

    def list(self, options: dict[str, Any]) -> None:
        found = leads(MatchState(options["state"]), limit=options["limit"])
        self.show([_row(each) for each in found], options)

    def count(self, options: dict[str, Any]) -> None:
        counts = lead_counts()
        self.show([{"state": state, "matches": count} for state, count in counts.items()], options)

    def show_match(self, options: dict[str, Any]) -> None:
        found = leads_named([options["id"]])
        if not found:
            raise CommandError("There is no such match; `match list` shows them.")
        answers = Draft.objects.filter(match__uuid=options["id"]).order_by("created_at")
        told = {**asdict(found[0]), "answers": [_answer(draft) for draft in answers]}
        self.stdout.write(json.dumps(told, indent=2, default=str, ensure_ascii=False))

    def decide(self, options: dict[str, Any]) -> None:
        person = person_named(options["person"])
        decision = Decision(
            tuple(options["ids"]),
            options["state"],
            options["note"],
            options["reaction"],
            options["explain"],
            options["sure"],
        )
        approved = pipeline.decide_matches(decision, person)
        row = {"decided": len(set(options["ids"])), "state": options["state"].value}
        self.show([{**row, "answers on their way": len(approved)}], options)

    @staticmethod
    def _decision(parser: ArgumentParser, state: MatchState) -> None:
        parser.add_argument("ids", type=UUID, nargs="+", metavar="ID")
        parser.add_argument("--as", dest="person", required=True, metavar="USER")
        parser.add_argument("--note", default="", help="stays here")
        parser.set_defaults(state=state, reaction="", explain="", sure=False)
        if REACTIONS[state.value]:
            parser.add_argument("--reaction", choices=[*REACTIONS[state.value]])
            parser.add_argument("--explain", metavar="WORDS", help="for the origin to read")
            parser.add_argument("--sure", action="store_true", help="agree or disagree strongly")
            parser.set_defaults(reaction="", explain="")


def _row(lead: Lead) -> dict[str, Any]:
    shared = ", ".join(f"{count} {kind}" for kind, count in sorted(lead.kinds.items()))
    return {
        "id": lead.uuid,
        "origin": lead.origin,
        "semantics": lead.semantics,
        "shared": shared,
        "accounts": lead.account_count,
        "detector": lead.detector,
        "organizations": lead.origin_count,
        "confidence": "" if lead.joint_confidence is None else f"{lead.joint_confidence:.2f}",
        "changed": lead.changed_at,
    }


def _answer(draft: Draft) -> dict[str, Any]:
    return {
        "draft": draft.pk,
        "state": draft.state,
        "objects": list(draft.roles.values()),
        "why": draft.failure or "; ".join(draft.review_reasons),
    }
