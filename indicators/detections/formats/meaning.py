"""What a well-formed finding must also hold to make sense; and the one form that it is kept in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, islice, pairwise

import msgspec
from msgspec import structs

from federation.canonical import pointer
from indicators.detections.finding import Finding, SeenAccount, SeenCluster
from indicators.detections.formats.line import Line, LineError, refused

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_MOST_ERRORS = 20
_NUL = b"\\u0000"
_NO_WISH = Finding.__struct_defaults__[-1]
_encoder = msgspec.json.Encoder()


def checked(number: int, finding: Finding, source: bytes) -> Line:
    """The line of a finding: with its times in UTC and a digest source, or with errors."""
    errors = tuple(islice(_faults(finding), _MOST_ERRORS))
    if errors:
        return refused(number, source, *errors)
    if any(time.tzinfo is not UTC for time in _times(finding)):
        finding = _in_utc(finding)
    if (
        finding.sharing == _NO_WISH
    ):  # msgspec leaves out a default struct only if it is the same one
        finding = structs.replace(finding, sharing=_NO_WISH)
    written = _encoder.encode(finding)
    if _NUL in written and (errors := tuple(islice(_nul_faults(finding), _MOST_ERRORS))):
        return refused(number, source, *errors)
    return Line(number, finding, written)


def _faults(finding: Finding) -> Iterator[LineError]:
    """Without faults this is all the work there is: places are sought only for those found."""
    if not all(EARLIEST <= time <= LATEST for time in _times(finding)):
        yield from _time_faults(finding)
    if finding.closed_because and finding.status != "closed":
        yield LineError(
            "/closed_because", "closed_because is for a closed finding; set status to closed."
        )
    yield from _order_faults(finding.cluster, "/cluster")
    if len(finding.windows) > 1:
        yield from _window_faults(finding)
    for index, account in enumerate(finding.accounts):
        if account.last_seen:
            yield from _order_faults(account, f"/accounts/{index}")
    if len({account.ref for account in finding.accounts}) < len(finding.accounts):
        yield from _ref_faults(finding)


def _order_faults(seen: SeenCluster | SeenAccount, place: str) -> Iterator[LineError]:
    if seen.first_seen and seen.last_seen and seen.last_seen < seen.first_seen:
        yield LineError(f"{place}/last_seen", "last_seen is before first_seen; exchange them.")


def _window_faults(finding: Finding) -> Iterator[LineError]:
    for index, (one, next_one) in enumerate(pairwise(finding.windows), 1):
        if next_one.start < one.start:
            yield LineError(
                f"/windows/{index}/start", "The windows are not in order; sort them by start."
            )
        elif (one.start, one.seconds) == (next_one.start, next_one.seconds):
            yield LineError(
                f"/windows/{index}", "The window occurs twice; send one aggregate for it."
            )


def _ref_faults(finding: Finding) -> Iterator[LineError]:
    seen = set()
    for index, account in enumerate(finding.accounts):
        if account.ref in seen:
            yield LineError(
                f"/accounts/{index}/ref",
                "An earlier account has the same ref; join the two or tell them apart.",
            )
        seen.add(account.ref)


def _times(finding: Finding) -> Iterator[datetime]:
    cluster = finding.cluster
    return filter(
        None,
        chain(
            (finding.detected_at, cluster.first_seen, cluster.last_seen),
            [window.start for window in finding.windows],
            [pivot.trigger_time for pivot in finding.pivots],
            [account.first_seen for account in finding.accounts],
            [account.last_seen for account in finding.accounts],
        ),
    )


def _time_faults(finding: Finding) -> Iterator[LineError]:
    for path, value in _leaves(msgspec.to_builtins(finding, builtin_types=(datetime,))):
        if isinstance(value, datetime) and not EARLIEST <= value <= LATEST:
            yield LineError(
                pointer(*path),
                f"{path[-1]} lies outside the years {EARLIEST.year} to {LATEST.year}; correct it.",
            )


def _nul_faults(finding: Finding) -> Iterator[LineError]:
    for path, value in _leaves(msgspec.to_builtins(finding)):
        if isinstance(value, str) and "\0" in value:
            yield LineError(pointer(*path), "The string holds the character U+0000; leave it out.")


def _leaves(value: object) -> Iterator[tuple[tuple[str | int, ...], object]]:
    branches: list[tuple[str | int, object]]
    if isinstance(value, dict):
        branches = list(value.items())
    elif isinstance(value, tuple):
        branches = list(enumerate(value))
    else:
        yield (), value
        return
    for step, each in branches:
        for path, leaf in _leaves(each):
            yield (step, *path), leaf


def _in_utc(finding: Finding) -> Finding:
    """The same finding with each time in UTC, as everything behind the readers expects it."""
    plain = msgspec.to_builtins(finding, builtin_types=(datetime,))
    return msgspec.convert(_moved(plain), Finding)


def _moved(value: object) -> object:
    if isinstance(value, dict):
        return {name: _moved(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_moved(each) for each in value]
    return value.astimezone(UTC) if isinstance(value, datetime) else value
