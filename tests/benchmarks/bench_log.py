"""The log: appends, proofs, tiles, and offline verification of a large log.

`run(scale)` needs a migrated database that may be thrown away: it commits each append, as a node
does, and a log can't be deleted.
"""

import hashlib
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from django.db import transaction

from federation.transparency import log, merkle
from federation.transparency.audit import verify_log
from federation.transparency.tiles import TilePath

ENTRIES = 1_000_000
BATCH = 1_000


def run(scale: float = 1.0) -> dict[str, float]:
    """Figures for a log of `scale` million entries; rates per second, times in milliseconds."""
    size = max(2 * BATCH, int(ENTRIES * scale) // BATCH * BATCH)
    log_id = uuid4()
    log.open_log(log_id, f"alder.example/{log_id}")
    appends = [_timed(partial(_append, log_id, batch)) for batch in _batches(size)]
    verified = _timed(lambda: verify_log(log_id))
    singles = [_timed(partial(_append, log_id, [b"%032d" % i])) for i in range(200)]
    spots = range(0, size, max(1, size // 200))
    tile = TilePath(0, size // 512)
    bundle = TilePath(0, size // 512, entries=True)
    return {
        "entries": size,
        "append 1,000 entries, median ms": 1e3 * statistics.median(appends),
        "append 1,000 entries, first tenth, median ms": 1e3
        * statistics.median(appends[: len(appends) // 10 + 1]),
        "append 1,000 entries, last tenth, median ms": 1e3
        * statistics.median(appends[-len(appends) // 10 :]),
        "appended entries/s in batches of 1,000": BATCH * len(appends) / sum(appends),
        "append 1 entry, median ms": 1e3 * statistics.median(singles),
        "verify offline, s": verified,
        "verify offline, entries/s": size / verified,
        "inclusion proof, median ms": _median(lambda i: log.inclusion(log_id, i, size), spots),
        "consistency proof, median ms": _median(
            lambda i: log.consistency(log_id, i + 1, size), spots
        ),
        "hash tile, median ms": _median(lambda _: log.tile(log_id, tile), spots),
        "entry bundle, median ms": _median(lambda _: log.tile(log_id, bundle), spots),
        "leaf and node hashing alone, s for all entries": _hashing(size),
        "peak memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _append(log_id: UUID, entries: list[bytes]) -> None:
    with transaction.atomic():
        head = log.lock(log_id)
        first = head.first_date_added(datetime.now(UTC))
        log.append(head, entries, first + timedelta(microseconds=len(entries) - 1))


def _batches(size: int) -> Iterator[list[bytes]]:
    for start in range(0, size, BATCH):
        yield [hashlib.sha256(b"%d" % i).digest() for i in range(start, start + BATCH)]


def _hashing(size: int) -> float:
    """The floor for verify: hashing and nothing else."""
    tree = merkle.CompactRange()
    entries = [bytes(32)] * 256
    return _timed(lambda: [tree.extend(merkle.leaf_hashes(entries)) for _ in range(size // 256)])


def _median(read: Callable[[int], object], spots: range) -> float:
    return 1e3 * statistics.median(_timed(partial(read, i)) for i in spots)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
