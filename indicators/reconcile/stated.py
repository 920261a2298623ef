"""What a version of an indicator says that matching needs: how it is asked for, and until when."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import Semantics
from indicators.reconcile.reading import Received
from indicators.stix.comparison import NotComparable, read_comparison
from indicators.stix.decay import end_of
from indicators.stix.timestamps import parse_timestamp
from indicators.stix.tokens import tokens_in

log = structlog.get_logger("retort.reconcile")

#: What indicators of behaviour speak of.
TRAFFIC = "ai-traffic-aggregate"
# What a column holds. Nobody has as many tokens: who asks for more is never matched.
_MOST = 2**31 - 1
_TOKEN_INDICATOR = EXTENSIONS["token-indicator"]


class Stated(NamedTuple):
    """What a version says, as columns of KnownIndicator."""

    stix_id: str
    version: datetime
    origin: UUID
    is_own: bool
    is_live: bool
    semantics: str
    min_matches: int
    token_count: int
    pattern: str
    confidence: int | None
    is_first_party: bool
    echo_of: str
    lifetime_days: float | None
    decay_speed: float
    revoke_score: int
    modified: datetime
    valid_until: datetime | None
    ends_at: datetime | None
    tlp: int | None


def state(each: Received, token_count: int, now: datetime, *, is_own: bool) -> Stated | None:
    """What an indicator says; None if there is nothing in it that could be matched."""
    content = each.content
    told: Mapping[str, Any] = content.get("extensions", {}).get(_TOKEN_INDICATOR, {})
    semantics = told.get("match_semantics", Semantics.EXACT.value)
    pattern = _behaviour(each) if semantics == Semantics.BEHAVIOUR else ""
    if not (pattern or (token_count and semantics != Semantics.BEHAVIOUR)):
        return None
    fading = _fading(told.get("decay", {}))
    valid_until = _time(content.get("valid_until"))
    confidence = content.get("confidence")
    ends_at = end_of(confidence, fading, each.version, valid_until)
    is_over = each.is_revoked or (ends_at is not None and ends_at <= now)
    return Stated(
        each.stix_id,
        each.version,
        each.origin,
        is_own,
        not is_over,
        semantics,
        min(told.get("min_matches", 1), _MOST) if semantics == Semantics.CANDIDATE else 1,
        token_count if not pattern else 0,
        pattern,
        confidence,
        told.get("basis") == "first-party",
        "",
        *fading,
        each.version,
        valid_until,
        ends_at,
        each.tlp,
    )


def tokens_stated(each: Received) -> list[bytes]:
    """The tokens that an indicator's pattern looks for."""
    content = each.content
    pattern = content.get("pattern")
    if content.get("pattern_type") != "stix" or not isinstance(pattern, str):
        return []
    return tokens_in(pattern) if "identifier-token" in pattern else []


def _behaviour(each: Received) -> str:
    """The pattern, if it can be asked of traffic; "" if not, which is said in the log."""
    pattern = str(each.content.get("pattern", ""))
    try:
        if "\0" in pattern:
            raise NotComparable("The pattern has a NUL, which no text in a table may have.")
        if read_comparison(pattern).types() == {TRAFFIC}:
            return pattern
        reason = f"The pattern speaks of other objects than {TRAFFIC}."
    except NotComparable as refusal:
        reason = str(refusal)
    log.warning("an indicator of behaviour can't be matched", id=each.stix_id, reason=reason)
    return ""


def _fading(decay: Mapping[str, Any]) -> tuple[float | None, float, int]:
    lifetime = decay.get("lifetime_days")
    stated = None if lifetime is None else float(lifetime)
    return stated, float(decay.get("speed", 1)), decay.get("revoke_score", 0)


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_timestamp(text)
