"""Are these identifiers known? Their tokens are made, looked up and forgotten; nothing is stored.

A match is a lead: somebody published an indicator with the same token. What may be done about it is
what the indicator's marking says, and never more than a limit before a person has looked.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from federation.errors import NotNormalizable
from federation.pseudonyms.keyholder import configured_key_holder, tokenize
from federation.pseudonyms.normalize import Normalized, normalize
from indicators.detections import audit
from indicators.detections.drafts.objects import EXTENSIONS
from indicators.detections.finding import Identifier
from indicators.detections.identifiers import allowlist
from indicators.models import Collection, Grant, Member
from indicators.stix import Tlp
from indicators.stix.decay import remaining
from indicators.stix.markings import strictest_tlp
from indicators.stix.tokens import tokens_of
from indicators.store.sql import open_cursor

#: Indicators that are looked at for one token.
MOST_MATCHES = 50
# STIX says nothing of an indicator without a confidence: neither sure nor unsure.
_UNSAID = 50
_TOKEN_INDICATOR = EXTENSIONS["token-indicator"]
_PAP = "extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b"
_PAP_PERMITS = frozenset({"green", "clear", "white"})

# The token index's primary key; LATERAL looks at one partition a token.
_MATCHES = """
SELECT asked.number, known.stix_id
FROM unnest(%(tokens)b::bytea[]) WITH ORDINALITY AS asked(token, number)
CROSS JOIN LATERAL (
    SELECT stix_id FROM indicators_indexedtoken WHERE token = asked.token LIMIT %(most)s
) known
"""
# entry_by_object, once a collection that the reader may read.
_READABLE = """
SELECT asked.id, v.body FROM unnest(%(ids)b::text[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT e.object_version_id FROM unnest(%(collections)b::uuid[]) AS c(id)
    CROSS JOIN LATERAL (
        SELECT version, object_version_id FROM indicators_entry
        WHERE collection_id = c.id AND stix_id = asked.id ORDER BY version DESC LIMIT 1
    ) e ORDER BY e.version DESC LIMIT 1
) newest
JOIN indicators_objectversion v ON v.id = newest.object_version_id
WHERE v.body IS NOT NULL AND NOT v.revoked
"""
_DEFINITIONS = """
SELECT v.body FROM unnest(%b::text[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT body FROM indicators_objectversion WHERE stix_id = asked.id AND body IS NOT NULL LIMIT 1
) v
"""


class Action(StrEnum):
    """What a match permits. There is no block: that is a person's decision."""

    REVIEW = "review"
    LIMIT = "limit"


class Match(msgspec.Struct, frozen=True):
    """An indicator that has a token of the identifier; `score` (0 to 100) is its confidence now."""

    stix_id: str
    kind: str
    score: int
    tlp: Tlp | None
    action: Action


class _Known(NamedTuple):
    """An indicator as its reader may see it, and its tokens."""

    tokens: frozenset[bytes]
    score: int
    tlp: Tlp | None
    action: Action


def lookup(
    identifiers: Sequence[Identifier], reader: Member, now: datetime, *, actor: str
) -> list[list[Match]]:
    """For each identifier the indicators that it matches, the surest first.

    Only what `reader` may read counts, and nothing that is on an allow list or unusable matches.
    Audited by count. Call it outside transactions; raises what `tokenize` raises.
    """
    wanted = _wanted(identifiers)
    values = [value for each in wanted for value in each]
    tokens = tokenize(configured_key_holder(), values, now)
    found = iter(_match(values, tokens, reader, now))
    matches = [_surest(next(found) for _ in each) for each in wanted]
    audit.record(
        actor, "lookup", "identifiers", count=len(identifiers), matched=sum(map(bool, matches))
    )
    return matches


def _wanted(identifiers: Sequence[Identifier]) -> list[list[Normalized]]:
    allowed = allowlist.load()
    wanted: list[list[Normalized]] = []
    for each in identifiers:
        try:
            normalized = normalize(each.kind, each.value, region=each.region)
        except NotNormalizable:
            normalized = []
        wanted.append([] if normalized and allowed.allows(each, normalized) else normalized)
    return wanted


def _match(
    values: Sequence[Normalized], tokens: Sequence[Sequence[bytes]], reader: Member, now: datetime
) -> list[list[Match]]:
    """The matches of each value, under whichever key."""
    candidates = _candidates(tokens)
    ids = sorted({stix_id for _, _, stix_id in candidates})
    known = _readable(ids, reader, now) if ids else {}
    matches: list[list[Match]] = [[] for _ in values]
    for place, token, stix_id in candidates:
        indicator = known.get(stix_id)
        # The reader may see an older version than the index shows.
        if indicator is not None and token in indicator.tokens:
            _, score, tlp, action = indicator
            matches[place].append(Match(stix_id, values[place].kind, score, tlp, action))
    return matches


def _candidates(tokens: Sequence[Sequence[bytes]]) -> list[tuple[int, bytes, str]]:
    """(which value, its token, an indicator that has the token)."""
    asked = [(place, token) for place, each in enumerate(tokens) for token in each]
    with open_cursor() as cursor:
        cursor.execute(_MATCHES, {"tokens": [token for _, token in asked], "most": MOST_MATCHES})
        return [(*asked[number - 1], stix_id) for number, stix_id in cursor.fetchall()]


def _readable(ids: Sequence[str], reader: Member, now: datetime) -> Mapping[str, _Known]:
    with open_cursor(binary=True) as cursor:
        cursor.execute(_READABLE, {"ids": ids, "collections": _collections(reader)})
        bodies = {stix_id: bytes(body) for stix_id, body in cursor.fetchall()}
        contents = {stix_id: msgspec.json.decode(body) for stix_id, body in bodies.items()}
        refs = {ref for each in contents.values() for ref in each.get("object_marking_refs", ())}
        rows = cursor.execute(_DEFINITIONS, (sorted(refs),)).fetchall()
    definitions = [msgspec.json.decode(body) for (body,) in rows]
    permitting = {each["id"] for each in definitions if _permits(each)}
    restricting = {each["id"] for each in definitions if _restricts(each)}
    return {
        stix_id: _Known(
            frozenset(tokens_of(bodies[stix_id])),
            _score(content, now),
            strictest_tlp(content),
            _action(content, permitting, restricting),
        )
        for stix_id, content in contents.items()
        if not _is_over(content, now)
    }


def _collections(reader: Member) -> list[UUID]:
    """This node's own organization reads all that is here, others what they were granted."""
    if reader.is_self:
        return list(Collection.objects.values_list("pk", flat=True))
    granted = Grant.objects.filter(member=reader, can_read=True)
    return list(granted.values_list("collection_id", flat=True))


def _is_over(content: Mapping[str, Any], now: datetime) -> bool:
    return "valid_until" in content and datetime.fromisoformat(content["valid_until"]) <= now


def _score(content: Mapping[str, Any], now: datetime) -> int:
    """Confidence, less what the indicator's own decay takes."""
    confidence: int = content.get("confidence", _UNSAID)
    decay = _extension(content).get("decay")
    if decay is None:
        return confidence
    age = now - datetime.fromisoformat(content["modified"])
    return round(confidence * remaining(age, decay["lifetime_days"], decay.get("speed", 1)))


def _action(content: Mapping[str, Any], permitting: set[str], restricting: set[str]) -> Action:
    refs = set(content.get("object_marking_refs", ()))
    exact = _extension(content).get("match_semantics") == "exact"
    permitted = refs & permitting and not refs & restricting
    return Action.LIMIT if exact and permitted else Action.REVIEW


def _permits(definition: Mapping[str, Any]) -> bool:
    """Whether a marking says that the target may notice what is done (PAP GREEN or CLEAR)."""
    return _pap(definition) in _PAP_PERMITS


def _restricts(definition: Mapping[str, Any]) -> bool:
    return _pap(definition) is not None and not _permits(definition)


def _pap(definition: Mapping[str, Any]) -> str | None:
    said = definition.get("extensions", {}).get(_PAP, {}).get("pap")
    return said.lower() if isinstance(said, str) else None


def _extension(content: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = content.get("extensions", {}).get(_TOKEN_INDICATOR, {})
    return found


def _surest(found: Iterable[Sequence[Match]]) -> list[Match]:
    """The matches of one identifier's values, each once."""
    distinct = {(match.stix_id, match.kind): match for each in found for match in each}
    return sorted(distinct.values(), key=lambda match: (-match.score, match.stix_id, match.kind))
