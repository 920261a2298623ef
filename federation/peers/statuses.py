"""What a peer's HTTP status means for who asked: wait, have something changed, or stop asking."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from federation.errors import PeerMisbehaved, PeerUnavailable
from federation.peers.addresses import RETRY_AFTER

TAXII = "application/taxii+json;version=2.1"
JSON = "application/json"
MOST_RETRY_AFTER = 86_400
_SHOWN = 200

_CURES = {
    401: "does not know this node's credential (401); ask its operator for one and set it with "
    "`peer credential`.",
    403: "does not let this node in (403); ask its operator for a grant.",
    404: "shows this node nothing (404): it has gone, or this node may not read it.",
    406: "can't answer in TAXII 2.1 (406); is it a TAXII 2.1 server?",
    413: "takes no request of this size (413).",
}
_WAITING = {401, 403, 404, 408, 425, 429}


def check(url: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Pass for an answer that can be used. Raises PeerUnavailable, PeerMisbehaved."""
    if status in (200, 202):
        return
    check_passing(url, status, headers)
    if status in _WAITING:
        raise PeerUnavailable(f"{url} {_says(status)}", retry_after(headers))
    raise PeerMisbehaved(f"{url} {_says(status)} {_shown(content)}".rstrip())


def check_passing(url: str, status: int, headers: Mapping[str, str]) -> None:
    """Raise PeerUnavailable for what passes by itself, PeerMisbehaved for a redirect."""
    if 300 <= status < 400:
        raise PeerMisbehaved(
            f"{url} redirects ({status}) to {headers.get('Location', '')[:_SHOWN]!r}; redirects "
            "are not followed. If its operator confirms the new place, give the peer that URL."
        )
    if status == 429 or status >= 500:
        raise PeerUnavailable(f"{url} {_says(status)}", retry_after(headers))


def retry_after(headers: Mapping[str, str]) -> int:
    """Seconds to wait, 1 to 86,400, of either form of Retry-After (RFC 9110 §10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    is_number = text.isascii() and text.isdecimal() and len(text) < 9
    seconds = int(text) if is_number else _until(text)
    return min(max(seconds, 1), MOST_RETRY_AFTER)


def _until(text: str) -> int:
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return int((moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return RETRY_AFTER


def _says(status: int) -> str:
    return _CURES.get(status, f"answers {status}.")


def _shown(content: bytes) -> str:
    """The beginning of what a peer says, made harmless for logs and pages."""
    return repr(content[:_SHOWN].decode(errors="replace")) if content else ""
