"""A case: a campaign that Alder describes, with what Birch and Cedar say of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import Collection, Member, Recipient, Role
from indicators.pipeline.cataloguing import catalogue
from indicators.referrals.making import Wording
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, open_collection
from tests.detections.clusters import token
from tests.objects import (
    START,
    TLP_AMBER,
    TLP_CLEAR,
    TLP_GREEN,
    TLP_RED,
    id_of,
    indicator,
    stamp,
    stix_objects,
)
from tests.people.persons import somebody

CAMPAIGN, NETWORK = id_of("campaign", "case"), id_of("infrastructure", "case")
ACTOR = id_of("threat-actor", "case")
REPORTS = Path(__file__).parent.parent / "vectors" / "stix" / "public-reports.json"
WORDS = Wording(
    "Accounts acted together.", "Preserve your records.", ("contract",), "a@lab.example"
)


def said(kind: str, key: str, marking: str = TLP_GREEN, **more: Any) -> dict[str, Any]:
    """An object of any type; one key always gives one id."""
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": id_of(kind, key),
        "created": stamp(START),
        "modified": stamp(START),
        "object_marking_refs": [marking],
        **more,
    }


def related(
    source: str, relation: str, target: str, marking: str = TLP_GREEN, **more: Any
) -> dict[str, Any]:
    ends = {"relationship_type": relation, "source_ref": source, "target_ref": target}
    return said("relationship", f"{source} {target} {marking}", marking, **ends, **more)


def claim(by: str, **more: Any) -> dict[str, Any]:
    stated = {
        "extension_type": "property-extension",
        "claimed_by_ref": by,
        "basis": ["payment-linkage"],
        "status": "alleged",
        "claimed_confidence": 70,
        "source_grade": "B3",
    }
    extensions = {EXTENSIONS["attribution-claim"]: stated}
    return related(CAMPAIGN, "attributed-to", ACTOR, extensions=extensions, **more)


def campaign(marking: str = TLP_GREEN, **more: Any) -> dict[str, Any]:
    stated = {
        "extension_type": "property-extension",
        "allegation_status": "alleged",
        "interaction_count": {"value": 150000, "qualifier": "gt"},
    }
    extensions = {EXTENSIONS["distillation-campaign"]: stated}
    named = {"name": "Alleged campaign", "first_seen": stamp(START), "extensions": extensions}
    return said("campaign", "case", marking, **{**named, **more})


def tokens(key: str = "tokens", marking: str = TLP_GREEN) -> dict[str, Any]:
    """An indicator of three tokens."""
    listed = sorted(token(each) for each in range(3))
    stated = {
        "extension_type": "property-extension",
        "match_semantics": "exact",
        "kinds": ["email"],
        "token_count": 3,
    }
    return indicator(
        key,
        pattern=f"[identifier-token:value IN ('{listed[0]}', '{listed[1]}', '{listed[2]}')]",
        object_marking_refs=[marking],
        extensions={EXTENSIONS["token-indicator"]: stated},
    )


@dataclass
class Case:
    """The node, its people and what it holds of the campaign."""

    alder: Member = field(default_factory=ensure_own_member)
    birch: Member = field(
        default_factory=lambda: Member.objects.create(
            name="Birch", identity_id=id_of("identity", "Birch")
        )
    )
    labs: Collection = field(
        default_factory=lambda: open_collection(title="Labs", audience="named")
    )
    people: dict[str, User] = field(default_factory=dict)

    def hold(self, *values: dict[str, Any], by: Member | None = None) -> None:
        outcomes = admit(self.labs, by or self.alder, stix_objects(values))
        assert not [each.reason for each in outcomes if each.reason], outcomes
        catalogue()

    def describe(self) -> None:
        """What all tests begin with: a campaign, its network, its alleged actor, its tokens."""
        self.hold(
            campaign(),
            said("infrastructure", "case", name="Account network"),
            said("threat-actor", "case", name="Alleged operators"),
            related(CAMPAIGN, "uses", NETWORK),
            claim(self.alder.identity_id),
            tokens(),
            related(id_of("indicator", "tokens"), "indicates", NETWORK),
        )
        birchs = said("infrastructure", "birch's", TLP_AMBER, name="What Birch saw")
        self.hold(birchs, related(CAMPAIGN, "uses", birchs["id"], TLP_AMBER), by=self.birch)

    def person(self, name: str, *roles: Role) -> User:
        if name not in self.people:
            self.people[name] = somebody(name, *roles)
        return self.people[name]

    @property
    def ana(self) -> User:
        """An analyst who reviews, too."""
        return self.person("ana", Role.ANALYST, Role.REVIEWER)

    @property
    def ben(self) -> User:
        return self.person("ben", Role.ANALYST, Role.REVIEWER)

    @property
    def rae(self) -> User:
        return self.person("rae", Role.REVIEWER)

    def recipient(self, name: str = "Authority", **facts: Any) -> Recipient:
        given = {"kind": "authority", "max_tlp": 1, "address": "12 Court Street", **facts}
        return Recipient.objects.get_or_create(name=name, defaults=given)[0]

    def read_reports(self) -> None:
        """The campaigns that were reported publicly."""
        self.hold(*json.loads(REPORTS.read_text())["objects"])


__all__ = [
    "ACTOR", "CAMPAIGN", "NETWORK", "TLP_AMBER", "TLP_CLEAR", "TLP_RED", "WORDS", "Case",
    "campaign", "claim", "related", "said", "tokens",
]  # fmt: skip
