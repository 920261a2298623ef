"""Answers out: what a person found of matches, as drafts that are published like any other.

An answer goes where the inbox that brought the indicator says, or where it went before. It passes
the same gate as everything that leaves; a strict marking and a person's words ask for another
person, and whoever decided on the match is the author, who never decides on the draft.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import zstandard
from django.conf import settings
from django.contrib.auth.models import User

from federation.canonical import canonical
from indicators.detections.drafts import due, gate, policy
from indicators.detections.drafts.drafting import Content, Drafted, Terms
from indicators.detections.drafts.due import Personal
from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.drafts.held import held_contents
from indicators.detections.identifiers.sealing import Sealer, open_sealer, place
from indicators.models import Draft, DraftState
from indicators.reconcile.replies import ReplyRefused, Said, Sighted, draft_reply, reply_ids
from indicators.stix import Tlp
from indicators.store.custody import ensure_own_member
from indicators.store.sql import Cursor

NO_COLLECTION = "no collection: name one for answers to what its indicator came by"

# one_live_answer_a_match. A publisher that is at work on one of these ends first.
_LIVE = """
SELECT id FROM indicators_draft
WHERE match_id = ANY(%s) AND state IN ('prepared', 'review', 'returned', 'approved', 'failed')
ORDER BY match_id FOR UPDATE
"""
_END_LIVE = """
UPDATE indicators_draft SET state = 'superseded', state_since = %s, objects_zstd = ''
WHERE id = ANY(%s)
"""
# One look-up each: drafts_of_match, then detections_of_cluster. What was published once is changed
# where it was published.
_MATCHES = """
SELECT m.id, m.uuid, m.stix_id, m.account_count, m.cluster_id, c.data_key_id, c.sealed_facts,
       greatest(k.tlp, r.tlp), coalesce(home.collection_id, i.answers_id), seen.first, seen.last
FROM indicators_match m
JOIN indicators_cluster c ON c.id = m.cluster_id
JOIN indicators_detector r ON r.id = c.detector_id
LEFT JOIN indicators_knownindicator k ON k.stix_id = m.stix_id
LEFT JOIN indicators_collection i ON i.id = k.inbox
LEFT JOIN LATERAL (
    SELECT collection_id FROM indicators_draft
    WHERE match_id = m.id AND state = 'published' ORDER BY created_at DESC LIMIT 1
) home ON true
CROSS JOIN LATERAL (
    SELECT min(received_at) AS first, max(received_at) AS last FROM indicators_detection
    WHERE cluster_id = m.cluster_id AND is_open AND stage NOT IN ('withheld', 'superseded')
) seen
WHERE m.id = ANY(%s) ORDER BY m.id
"""
_OWN_NAMES = """
SELECT cluster_id, array_agg(DISTINCT uid) FROM indicators_detection
WHERE cluster_id = ANY(%s) AND stage <> 'superseded' GROUP BY cluster_id
"""
# drafts_under_way
_FIND_HOMES = """
WITH homeless AS (
    SELECT d.id, i.answers_id, d.review_reasons - %(reason)s AS reasons
    FROM indicators_draft d
    JOIN indicators_match m ON m.id = d.match_id
    JOIN indicators_knownindicator k ON k.stix_id = m.stix_id
    JOIN indicators_collection i ON i.id = k.inbox
    WHERE d.state = 'review' AND d.collection_id IS NULL AND i.answers_id IS NOT NULL
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE indicators_draft d
SET collection_id = h.answers_id, review_reasons = h.reasons, state_since = %(now)s,
    state = CASE WHEN h.reasons = '[]' THEN 'approved' ELSE d.state END
FROM homeless h WHERE d.id = h.id
RETURNING d.id, d.state
"""
# drafts_under_way, drafts_of_match. What was never published goes where answers go now; if a person
# approved it for elsewhere, a person looks again.
_RETRY = """
WITH failed AS (
    SELECT d.id, d.collection_id AS before,
           CASE WHEN EXISTS (
               SELECT FROM indicators_draft WHERE match_id = d.match_id AND state = 'published'
           ) THEN d.collection_id ELSE coalesce(i.answers_id, d.collection_id) END AS home
    FROM indicators_draft d
    JOIN indicators_match m ON m.id = d.match_id
    LEFT JOIN indicators_knownindicator k ON k.stix_id = m.stix_id
    LEFT JOIN indicators_collection i ON i.id = k.inbox
    WHERE d.state = 'failed' AND (%(ids)s::uuid[] IS NULL OR d.id = ANY(%(ids)s::uuid[]))
    FOR UPDATE OF d
)
UPDATE indicators_draft d
SET collection_id = f.home, failure = '', state_since = %(now)s,
    state = CASE WHEN f.home <> f.before AND d.review_reasons <> '[]' THEN 'review'
                 ELSE 'approved' END
FROM failed f WHERE d.id = f.id
RETURNING d.id, d.state
"""
_TLP = tuple(Tlp)


@dataclass(frozen=True, slots=True)
class _Case:
    """A match with all that its answer is made from; `home` is where answers to it go."""

    number: int
    cluster: int
    match: Sighted
    terms: Terms
    home: UUID | None


def draft_answers(cursor: Cursor, matches: Sequence[int], said: Said, author: User) -> list[UUID]:
    """Draft what is said of these matches, which the caller locked; the drafts that may go out.

    A later answer takes the place of one that is not published yet. Nothing to say, or nothing new,
    is no draft; what was said before and is not any more is revoked. Raises ReplyRefused for words
    that the gate does not let pass.
    """
    now = _now()
    live = [number for (number,) in cursor.execute(_LIVE, (list(matches),)).fetchall()]
    cursor.execute(_END_LIVE, (now, live))
    made = _drafts(cursor, matches, said, author, now)
    drafts = Draft.objects.bulk_create([each for each in made.values() if each is not None])
    return [draft.pk for draft in drafts if draft.state == DraftState.APPROVED]


def rehearse(
    cursor: Cursor, matches: Sequence[int], said: Said, author: User
) -> dict[int, Draft | None]:
    """The drafts that `draft_answers` would make, by match; nothing is stored, nothing changes.

    Raises ReplyRefused.
    """
    return _drafts(cursor, matches, said, author, _now())


def find_homes(cursor: Cursor) -> list[UUID]:
    """Give answers that wait for a collection the one that was named by now; those that may go out.

    What else asks for a person still does.
    """
    cursor.execute(_FIND_HOMES, {"reason": NO_COLLECTION, "now": datetime.now(UTC)})
    return [number for number, state in cursor.fetchall() if state == DraftState.APPROVED]


def retry_answers(cursor: Cursor, ids: Sequence[UUID] | None) -> tuple[int, list[UUID]]:
    """Let answers that could not be published try again, all or these: how many, and the drafts
    that need no person first."""
    asked = {"ids": None if ids is None else list(ids), "now": datetime.now(UTC)}
    rows = cursor.execute(_RETRY, asked).fetchall()
    return len(rows), [number for number, state in rows if state == DraftState.APPROVED]


def _drafts(
    cursor: Cursor, matches: Sequence[int], said: Said, author: User, now: datetime
) -> dict[int, Draft | None]:
    sealer = open_sealer()
    cases = _cases(cursor, matches, sealer, now)
    ids = {name for case in cases for name in reply_ids(case.match, case.terms)}
    held = held_contents(cursor, ids)
    personal = _personal(cursor, cases, said, sealer)
    return {case.number: _draft(case, said, author, held, personal, now) for case in cases}


def _cases(cursor: Cursor, matches: Sequence[int], sealer: Sealer, now: datetime) -> list[_Case]:
    identity = ensure_own_member().identity_id
    id_key = sealer.digest("object ids", b"")
    cases = []
    for row in cursor.execute(_MATCHES, (list(matches),)).fetchall():
        number, uuid, indicator, accounts, cluster, key, sealed, tlp, home, *detected = row
        facts = opened_facts(sealer, cluster, key, sealed)
        wishes = [_TLP[tlp], *([Tlp(facts.tlp)] if facts.tlp else [])]
        terms = Terms(
            identity_id=identity,
            tlp=max(wishes, key=lambda each: each.rank),
            id_key=id_key,
            now=now,
            min_accounts=settings.MINIMUM_ACCOUNTS,
        )
        match = Sighted(str(uuid), indicator, accounts, facts, *detected)
        cases.append(_Case(number, cluster, match, terms, home))
    return cases


def opened_facts(sealer: Sealer, cluster: int, key: int | None, sealed: Any) -> ClusterFacts:
    """What a cluster's findings say together: counts and terms, nobody's identifiers."""
    if key is None or sealed is None:
        return ClusterFacts()
    plain = sealer.unseal(key, bytes(sealed), place("cluster", cluster))
    return msgspec.json.decode(plain, type=ClusterFacts)


def _personal(
    cursor: Cursor, cases: Sequence[_Case], said: Said, sealer: Sealer
) -> Mapping[int, Personal]:
    """What words must not hold. Without words nothing is read: no identifier is looked at idly."""
    if not said.explanation:
        return {}
    clusters = sorted({case.cluster for case in cases})
    own_names = dict.fromkeys(clusters, ())
    own_names |= dict(cursor.execute(_OWN_NAMES, (clusters,)).fetchall())
    return due.personal(cursor, own_names, clusters, sealer)


def _draft(
    case: _Case,
    said: Said,
    author: User,
    held: Mapping[str, Content],
    personal: Mapping[int, Personal],
    now: datetime,
) -> Draft | None:
    own = {name: held[name] for name in reply_ids(case.match, case.terms) if name in held}
    drafted = draft_reply(case.match, said, case.terms, own)
    if not drafted.objects:
        return None
    contents = [content for _, content in drafted.objects]
    known = personal.get(case.cluster, Personal())
    if refused := gate.check(contents, known.raw, known.names):
        raise ReplyRefused(gate.sentence(refused))
    draft = _unsigned(case, drafted, now)
    draft.author = author
    draft.review_reasons = [*_reasons(contents, case)]
    draft.state = DraftState.REVIEW if draft.review_reasons else DraftState.APPROVED
    return draft


def _unsigned(case: _Case, drafted: Drafted, now: datetime) -> Draft:
    body = b"\n".join([canonical(content) for _, content in drafted.objects])
    return Draft(
        match_id=case.number,
        collection_id=case.home,
        created_at=now,
        objects_zstd=zstandard.compress(body, 1),
        object_count=len(drafted.objects),
        roles={content["id"]: role for role, content in drafted.objects},
        preview=msgspec.to_builtins(drafted.preview),
        state_since=now,
    )


def _reasons(contents: Sequence[Content], case: _Case) -> Iterator[str]:
    """Why a person has to look at it. Taking something back needs nobody's leave."""
    said = [content for content in contents if not content.get("revoked")]
    if said:
        # Where it was seen is here: that names nobody but the author.
        own = {"where_sighted_refs": [case.terms.identity_id]}
        shown = [
            {name: value for name, value in content.items() if own.get(name) != value}
            for content in said
        ]
        yield from policy.review_reasons(shown, "publish", case.terms.tlp)
    if case.home is None:
        yield NO_COLLECTION


def _now() -> datetime:
    """In the milliseconds that STIX timestamps are written in."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
