"""`manage.py member`: the organizations that exchange here."""

import getpass
from typing import Any

from django.db import transaction

from indicators.detections import audit
from indicators.management.terms import member_named
from indicators.management.verbs import VerbCommand
from indicators.models import Member, Reliability, Sector, State
from indicators.pipeline.administration import organizations
from indicators.pipeline.administration.organizations import Facts
from indicators.store.custody import ensure_own_member


class Command(VerbCommand):
    help = "Members: add, list, rename this node's own, change state."

    def add_verbs(self, verbs: Any) -> None:
        add = self.verb(verbs, "add", self.add, "Add a member organization.")
        add.add_argument("name")
        add.add_argument("--sector", choices=Sector.values, default=Sector.LAB)
        add.add_argument("--identity", help="its STIX identity id (default: a new one)")
        self.verb(verbs, "list", self.list, "List members.")
        own = self.verb(verbs, "self", self.own, "Say which organization this node belongs to.")
        own.add_argument("name")
        own.add_argument("--sector", choices=Sector.values)
        own.add_argument("--identity", help="its STIX identity id")
        state = self.verb(
            verbs, "state", self.state, "Change a member's state; only active is served."
        )
        state.add_argument("name")
        state.add_argument("state", choices=State.values)
        state.add_argument("--reason", default="", help="shown wherever the state is")

    def add(self, options: dict[str, Any]) -> None:
        facts = Facts(options["name"], Sector(options["sector"]), Reliability.B)
        actor = getpass.getuser()
        member = organizations.add_member(facts, options["identity"] or "", actor)
        self.show([_row(member)], options)

    def list(self, options: dict[str, Any]) -> None:
        ensure_own_member()
        self.show([_row(member) for member in Member.objects.all()], options)

    def own(self, options: dict[str, Any]) -> None:
        member = ensure_own_member()
        member.name = options["name"]
        member.sector = options["sector"] or member.sector
        member.identity_id = options["identity"] or member.identity_id
        member.full_clean()
        with transaction.atomic():
            member.save()
            audit.record(getpass.getuser(), "describe organization", member.name)
        self.show([_row(member)], options)

    def state(self, options: dict[str, Any]) -> None:
        member = member_named(options["name"])
        state = State(options["state"])
        organizations.change_state(member, state, options["reason"], getpass.getuser())
        self.show([_row(member)], options)


def _row(member: Member) -> dict[str, Any]:
    return {
        "name": member.name,
        "sector": member.sector,
        "state": member.state,
        "identity": member.identity_id,
        "self": member.is_self,
    }
