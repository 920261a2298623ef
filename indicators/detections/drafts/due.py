"""Clusters of which something is due: locked, and read with all that a draft is made from.

A few statements for a whole batch of clusters, in the caller's transaction.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from indicators.detections import audit, due_matches
from indicators.detections.drafts.facts import ClusterFacts, absorb
from indicators.detections.finding import Finding
from indicators.detections.identifiers.sealed_rows import open_account
from indicators.detections.identifiers.sealing import Sealer, place
from indicators.models import Policy
from indicators.stix import Tlp
from indicators.store.sql import Cursor

_BODIES_AT_ONCE = 5_000
_ROWS_AT_ONCE = 500
_TLP = tuple(Tlp)

# In the order of ids, so that two batches never wait in a circle. Not FOR UPDATE: a publisher, who
# refers to the row and has locked a draft that we are about to wait for, must get past.
_LOCK = """
SELECT c.id, c.token, c.incarnation, c.is_open, c.data_key_id, c.sealed_facts,
       r.name, r.version, r.policy, r.tlp, r.collection_id, k.alias
FROM indicators_cluster c JOIN indicators_detector r ON r.id = c.detector_id
LEFT JOIN indicators_collection k ON k.id = r.collection_id
WHERE c.id = ANY(%s) AND c.draft_due ORDER BY c.id FOR NO KEY UPDATE OF c
"""

# detections_of_cluster. A revision, a closure or a detection that was kept back takes something
# away; all others only add.
_STANDING = """
SELECT d.cluster_id,
       bool_or(d.is_open AND d.stage <> 'withheld'),
       bool_or(d.stage = 'withheld'
               OR (d.stage = 'tokenized' AND (d.revision > 1 OR NOT d.is_open))),
       coalesce(sum(d.account_count) FILTER (WHERE d.is_open AND d.stage <> 'withheld'), 0)
FROM indicators_detection d
WHERE d.cluster_id = ANY(%s) AND d.stage <> 'superseded' GROUP BY d.cluster_id
"""

# detections_of_cluster; LATERAL and OFFSET keep the planner from walking all there ever were.
_BODIES = """
SELECT d.id, d.cluster_id, d.data_key_id, d.sealed
FROM (SELECT unnest(%(added)s::bigint[]) AS id, false AS anew
      UNION ALL SELECT unnest(%(remade)s::bigint[]), true) c
CROSS JOIN LATERAL (
    SELECT * FROM indicators_detection
    WHERE cluster_id = c.id AND is_open AND sealed IS NOT NULL
      AND (stage = 'tokenized'
           OR c.anew AND stage NOT IN ('received', 'failed', 'withheld', 'superseded'))
    OFFSET 0
) d
ORDER BY d.id
"""

_ACCOUNTS = """
SELECT d.cluster_id, a.detection_id, a.number, a.data_key_id, a.sealed
FROM indicators_detection d CROSS JOIN LATERAL (
    SELECT * FROM indicators_account WHERE detection_id = d.id AND number >= 0 OFFSET 0
) a
WHERE d.cluster_id = ANY(%(clusters)s)
  AND (d.stage IN ('tokenized', 'drafted') OR d.cluster_id = ANY(%(described)s))
"""

_SAVE = """
UPDATE indicators_cluster c
SET incarnation = n.incarnation, is_open = n.is_open, data_key_id = n.data_key,
    sealed_facts = n.facts, draft_due = false, due_since = NULL
FROM unnest(%b::bigint[], %b::int[], %b::bool[], %b::bigint[], %b::bytea[])
     AS n(id, incarnation, is_open, data_key, facts)
WHERE c.id = n.id
"""


@dataclass(frozen=True, slots=True)
class Source:
    """The detector that a cluster comes from, as its drafts need it."""

    name: str
    version: str
    policy: Policy
    tlp: Tlp
    collection: UUID | None
    alias: str | None


@dataclass(slots=True)
class Due:
    """A cluster that something is due of. `is_afresh`: it was closed and is open again.

    `own_names` are the detector's own, of the cluster and of its new findings.
    """

    id: int
    token: str
    incarnation: int
    was_open: bool
    source: Source
    is_open: bool = False
    loses: bool = False
    account_count: int = 0
    facts: ClusterFacts | None = None
    own_names: set[str] = field(default_factory=set)

    @property
    def is_afresh(self) -> bool:
        return self.is_open and not self.was_open


@dataclass(frozen=True, slots=True)
class Personal:
    """What must not leave the node, of one cluster: identifiers and references; people's names."""

    raw: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


def lock_due(cursor: Cursor, clusters: Sequence[int], sealer: Sealer) -> list[Due]:
    """Of these clusters those that are due, locked until the transaction ends, facts up to date."""
    cursor.execute(_LOCK, (list(clusters),))
    due: dict[int, Due] = {}
    for number, token, incarnation, is_open, key, sealed, *source in cursor.fetchall():
        name, version, policy, tlp, collection, alias = source
        described = Source(name, version, Policy(policy), _TLP[tlp], collection, alias)
        due[number] = Due(number, token, incarnation, is_open, described)
        if sealed is not None:
            plain = sealer.unseal(key, bytes(sealed), place("cluster", number))
            due[number].facts = _FACTS.decode(plain)
    cursor.execute(_STANDING, (list(due),))
    for number, is_open, loses, accounts in cursor.fetchall():
        found = due[number]
        found.is_open, found.loses, found.account_count = is_open, loses, accounts
    for found in due.values():
        found.incarnation += found.is_afresh
    _absorb_findings(cursor, due, sealer)
    return list(due.values())


def save(cursor: Cursor, due: Sequence[Due], sealer: Sealer) -> None:
    """Nothing is due of these any more; what they are now is what they were drafted as."""
    sealed = [
        sealer.seal(_encode(each.facts or ClusterFacts()), place("cluster", each.id))
        for each in due
    ]
    cursor.execute(
        _SAVE,
        (
            [each.id for each in due],
            [each.incarnation for each in due],
            [each.is_open for each in due],
            [key for key, _ in sealed],
            [content for _, content in sealed],
        ),
    )
    due_matches.has_changed(cursor, [each.id for each in due], datetime.now(UTC))


def personal(
    cursor: Cursor,
    own_names: Mapping[int, Collection[str]],
    described: Collection[int],
    sealer: Sealer,
) -> Mapping[int, Personal]:
    """What the detections that were not published yet say of people, and call themselves.

    own_names: the detector's own, by cluster. Of the clusters `described`, to which a person wrote
    something, what all detections say.
    """
    found = {cluster: Personal(set(names)) for cluster, names in own_names.items()}
    cursor.execute(_ACCOUNTS, {"clusters": list(found), "described": list(described)})
    if cursor.rowcount:
        count = cursor.rowcount
        audit.record(audit.WORKER, "read identifiers", "accounts", why="gate", count=count)
    while rows := cursor.fetchmany(_BODIES_AT_ONCE):
        for cluster, detection, number, key, sealed in rows:
            bound = place("account", detection, number)
            account = open_account(sealer.unseal(key, bytes(sealed), bound))
            into = found[cluster]
            into.raw.add(account.ref)
            into.raw.update(each.value for each in account.identifiers)
            into.names.update(account.person_names)
    return found


def _absorb_findings(cursor: Cursor, due: Mapping[int, Due], sealer: Sealer) -> None:
    """Bring the facts up to date: new findings are added; what lost something is made anew."""
    remade = [each.id for each in due.values() if each.loses or each.is_afresh]
    for number in remade:
        due[number].facts = None
    added = [number for number in due if number not in set(remade)]
    for cluster, findings in _findings(cursor, added, remade, sealer):
        due[cluster].facts = absorb(due[cluster].facts, findings)
        for finding in findings:
            due[cluster].own_names |= {finding.uid, finding.cluster.key}


def _findings(
    cursor: Cursor, added: Sequence[int], remade: Sequence[int], sealer: Sealer
) -> Iterator[tuple[int, list[Finding]]]:
    """(cluster, findings in the order of arrival), some thousands at a time."""
    by_cluster: dict[int, list[Finding]] = {}
    asked = {"added": added, "remade": remade}
    for place_of, row in enumerate(cursor.stream(_BODIES, asked, size=_ROWS_AT_ONCE), 1):
        number, cluster, key, sealed = row
        plain = sealer.unseal(key, bytes(sealed), place("detection", number))
        by_cluster.setdefault(cluster, []).append(_FINDING.decode(plain))
        if place_of % _BODIES_AT_ONCE == 0:
            yield from by_cluster.items()
            by_cluster = {}
    yield from by_cluster.items()


_encode = msgspec.json.Encoder().encode
_FACTS = msgspec.json.Decoder(ClusterFacts)
_FINDING = msgspec.json.Decoder(Finding)
