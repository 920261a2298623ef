"""Alder's detector with its clusters, and what Birch and others share with Alder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from federation.pseudonyms.keyholder import configured_key_holder, tokenize
from federation.pseudonyms.normalize import Normalized
from federation.pseudonyms.voprf import token_text
from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import Cluster, Collection, Match, Member
from indicators.reconcile.due import match_due
from indicators.reconcile.matching import reconcile_collection
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, open_collection
from tests.contributing.detector import Contributor, account, finding
from tests.objects import TLP_GREEN, id_of, indicator, stamp, stix_objects

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass
class Incoming:
    """A node with a detector that publishes, and an inbox for each who shares with it."""

    detector: Contributor
    inboxes: dict[str, Collection] = field(default_factory=dict)

    @classmethod
    def begin(cls) -> "Incoming":
        return cls(Contributor.trusted(open_collection(title="Members", audience="members")))

    def detect(self, uid: str = "f-1", revision: int = 1, **facts: Any) -> Cluster:
        """A finding, through all stages, and matched; its cluster."""
        self.detector.send(finding(uid, revision, **facts))
        self.detector.work()
        match()
        return Cluster.objects.order_by("-pk").first() or Cluster()

    def share(self, origin: str, *values: Mapping[str, Any], by: str = "") -> Collection:
        """What an organization says, brought by its feed or another, reconciled; the inbox."""
        inbox = self.receive(origin, *values, by=by)
        reconcile(inbox)
        return inbox

    def receive(self, origin: str, *values: Mapping[str, Any], by: str = "") -> Collection:
        publisher = by or origin
        if publisher not in self.inboxes:
            inbox = open_collection(title=f"From {publisher}", audience="named", is_inbox=True)
            self.inboxes[publisher] = inbox
        outcomes = admit(self.inboxes[publisher], member(origin), stix_objects(values))
        assert {outcome.verdict.value for outcome in outcomes} == {"added"}
        return self.inboxes[publisher]


def member(name: str) -> Member:
    """An organization, made when it is first named; Alder is this node's own."""
    if name == "Alder":
        return ensure_own_member()
    identity = id_of("identity", name)
    return Member.objects.get_or_create(name=name, defaults={"identity_id": identity})[0]


def reconcile(collection: Collection) -> None:
    while reconcile_collection(collection.pk):
        """There is more."""


def match() -> None:
    while match_due():
        """There is more."""


def text_of(kind: str, value: str, now: datetime | None = None) -> str:
    """The token of a normalized identifier under the newest key."""
    when = now or datetime.now(UTC)
    [tokens] = tokenize(configured_key_holder(), [Normalized(kind, value)], when)
    return token_text(tokens[-1][:5], tokens[-1][5:])


def devices(*values: str) -> list[str]:
    return [text_of("device", value) for value in values]


def having(*values: str) -> list[dict[str, Any]]:
    """Accounts, each with one of these devices."""
    return [account(f"account of {value}", device=value) for value in values]


def lead(
    key: object, *tokens: str, semantics: str = "exact", version: int = 0, **changes: Any
) -> dict[str, Any]:
    """An indicator over tokens; facts of the extension go by `told`."""
    listed = ", ".join(f"'{token}'" for token in tokens)
    told = {"extension_type": "property-extension", "match_semantics": semantics}
    told |= changes.pop("told", {})
    facts = {
        "pattern": f"[identifier-token:value IN ({listed})]",
        "extensions": {EXTENSIONS["token-indicator"]: told},
        "created": stamp(NOW),
        "modified": stamp(NOW + timedelta(seconds=version)),
        "valid_from": stamp(NOW),
        "confidence": 80,
        "object_marking_refs": [TLP_GREEN],
    }
    return indicator(key, **(facts | changes))


def behaviour(key: object, pattern: str, **changes: Any) -> dict[str, Any]:
    return lead(key, semantics="behaviour", pattern=pattern, **changes)


def indicates(source: str, target: str, *, version: int = 0, **changes: Any) -> dict[str, Any]:
    """A relationship that says what an indicator is of."""
    return {
        "type": "relationship",
        "spec_version": "2.1",
        "id": id_of("relationship", f"{source} {target}"),
        "created": stamp(NOW),
        "modified": stamp(NOW + timedelta(seconds=version)),
        "relationship_type": "indicates",
        "source_ref": source,
        "target_ref": target,
        **changes,
    }


def live() -> list[Match]:
    return list(Match.objects.filter(retired_at=None).order_by("cluster", "stix_id"))
