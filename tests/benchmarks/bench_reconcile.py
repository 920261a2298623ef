"""Matching: incoming tokens against local ones, by hash; a batch against a small and a large store;
new detections against what others shared.

Rows of detections are made by COPY, as nobody waits until ten million identifiers have tokens;
indicators come in through the store. On a PostgreSQL of its own, with durable settings, where no
worker is faster than the clock.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

import psutil

from federation.pseudonyms.voprf import token_text
from tests.benchmarks.figures import Figure
from tests.benchmarks.place import adopt
from tests.database import place_for_data

INCOMING = 250_000
LOCAL_A_STORED_OBJECT = 100
_AN_INDICATOR = 500
_A_CLUSTER = 1_000
_COPIED_AT_ONCE = 1_000_000

_CLUSTERS = """
INSERT INTO indicators_cluster (detector_id, token, incarnation, is_open, draft_due)
SELECT %s, lpad(n::text, 22, '0'), 1, true, false FROM generate_series(%s::int8, %s) n RETURNING id
"""
_DETECTIONS = """
INSERT INTO indicators_detection
    (uuid, detector_id, uid, revision, job_id, cluster_id, is_open, digest, account_count, stage,
     stage_since, failed_stage, reason, verdict, received_at, expires_at)
SELECT gen_random_uuid(), %s, 'finding ' || c, 1, %s, c, true, '', 200, 'published', now(), '', '',
       '', now(), now() FROM unnest(%s::int8[]) c RETURNING id
"""
_TOKENS = "COPY indicators_detectedtoken (token, account_id, detection_id, kind) FROM STDIN BINARY"


def run(objects: int) -> list[Figure]:
    """With a hundred times as many local tokens as there are said to be objects.

    In a process of its own: Django's settings name one database.
    """
    from indicators.local.postgres import Postgres
    from indicators.local.service import running

    with (
        place_for_data("retort-reconcile-") as data_dir,
        running(Postgres(data_dir), data_dir.with_name("database.log")),
    ):
        command = [sys.executable, "-m", __name__, str(data_dir), str(objects)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return [Figure(**each) for each in json.loads(done.stdout)]


def measure(objects: int) -> list[Figure]:
    local = Local.begin()
    whole = objects * LOCAL_A_STORED_OBJECT
    local.grow(whole // 10)
    _, small = _reconcile(_shared(local, INCOMING // 10, "small store"))
    local.grow(whole)
    tenth, alike = _reconcile(_shared(local, INCOMING // 10, "large store"))
    large, spent = _reconcile(_shared(local, INCOMING, "all"))
    apart, _ = _reconcile(_shared(local, INCOMING // 10, "apart", apart=True))
    one = min(_reconcile(_shared(local, _AN_INDICATOR, f"one {n}"))[0] for n in range(5))
    detected = _match(local, clusters=100)
    return [
        Figure(f"reconcile, {INCOMING:,} tokens against {whole:,}", large, "s", at_most=10),
        Figure("reconcile, CPU of that, Python and PostgreSQL", spent, "s"),
        Figure("reconcile, a tenth of that", tenth, "s"),
        Figure(
            "reconcile, a tenth, CPU in 10 times the store", alike / small, "× its cost", at_most=2
        ),
        Figure("reconcile, a tenth, each local token in another cluster", apart, "s"),
        Figure("reconcile, one indicator of 500 tokens", 1e3 * one, "ms"),
        Figure("match, tokens of new detections", 100 * _A_CLUSTER / detected, "tokens/s"),
    ]


class Local:
    """This node's detections: clusters of a thousand tokens each."""

    def __init__(self, detector: Any, job: Any) -> None:
        self.detector, self.job = detector, job
        self.clusters: list[int] = []
        self.detections: list[int] = []

    @classmethod
    def begin(cls) -> "Local":
        from indicators import access
        from indicators.models import Credential, Detector, Job
        from indicators.store.custody import ensure_own_member

        detector = Detector.objects.create(name="benchmark")
        credential, _ = access.make_credential(ensure_own_member(), "benchmark")
        Credential.objects.filter(pk=credential.pk).update(detector=detector)
        counts = {"accepted_count": 0, "duplicate_count": 0, "rejected_count": 0}
        kept = {"body_digest": bytes(32), "received_at": datetime.now(UTC), "results": b""}
        job = Job.objects.create(credential=credential, idempotency_key="bench", **counts, **kept)
        return cls(detector, job)

    def grow(self, tokens: int) -> None:
        """Up to so many tokens in all."""
        first = len(self.clusters)
        count = tokens // _A_CLUSTER - first
        self._add_clusters(first, count)
        for start in range(first, first + count, _COPIED_AT_ONCE // _A_CLUSTER):
            self._copy(range(start, min(first + count, start + _COPIED_AT_ONCE // _A_CLUSTER)))
        _settle()

    def tokens(self, cluster: int, count: int) -> list[bytes]:
        """The first tokens of a cluster, by its place."""
        return [_token(cluster * _A_CLUSTER + n) for n in range(count)]

    def _add_clusters(self, first: int, count: int) -> None:
        from indicators.store.sql import open_cursor

        with open_cursor() as cursor:
            cursor.execute(_CLUSTERS, (self.detector.pk, first, first + count - 1))
            added = sorted(number for (number,) in cursor.fetchall())
            cursor.execute(_DETECTIONS, (self.detector.pk, self.job.pk, added))
            self.detections += sorted(number for (number,) in cursor.fetchall())
        self.clusters += added

    def _copy(self, clusters: Iterable[int]) -> None:
        from indicators.store.sql import open_cursor

        rows = sorted(
            (_token(cluster * _A_CLUSTER + n), cluster * 200 + n // 5, self.detections[cluster], 7)
            for cluster in clusters
            for n in range(_A_CLUSTER)
        )
        with open_cursor() as cursor, cursor.copy(_TOKENS) as copy:
            copy.set_types(["bytea", "int8", "int8", "int2"])
            for row in rows:
                copy.write_row(row)


def _token(number: int) -> bytes:
    """A token under one key, as random as those that are made."""
    scattered = number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128
    return b"bench" + scattered.to_bytes(16, "big")


def _shared(local: Local, tokens: int, name: str, *, apart: bool = False) -> Any:
    """An inbox with indicators of so many tokens, a tenth of which are local: of one cluster each,
    or each of another.
    """
    from indicators.models import Member
    from indicators.store.custody import open_collection

    origin, _ = Member.objects.get_or_create(
        name=f"Cedar, {name}", defaults={"identity_id": f"identity--{uuid4()}"}
    )
    inbox = open_collection(title=name, audience="named", is_inbox=True)
    known = _AN_INDICATOR // 10
    for part in _portions(tokens // _AN_INDICATOR, 100):
        made = []
        for number in part:
            some = [number * known % len(local.clusters) + n for n in range(known)]
            ours = (
                [local.tokens(cluster % len(local.clusters), 1)[0] for cluster in some]
                if apart
                else local.tokens(number * 7919 % len(local.clusters), known)
            )
            others = [uuid4().bytes + b"other" for _ in range(_AN_INDICATOR - known)]
            made.append(_indicator([*ours, *others]))
        _admit(inbox, origin, made)
    _settle()
    return inbox


def _indicator(tokens: Iterable[bytes]) -> dict[str, Any]:
    from indicators.detections.drafts.objects import EXTENSIONS
    from tests.objects import indicator

    listed = ", ".join(f"'{token_text(each[:5], each[5:21])}'" for each in tokens)
    told = {"extension_type": "property-extension", "match_semantics": "exact"}
    return indicator(
        pattern=f"[identifier-token:value IN ({listed})]",
        extensions={EXTENSIONS["token-indicator"]: told},
    )


def _admit(inbox: Any, origin: Any, made: list[dict[str, Any]]) -> None:
    from indicators.store.admission import admit
    from tests.objects import stix_objects

    outcomes = admit(inbox, origin, stix_objects(made))
    if any(outcome.verdict != "added" for outcome in outcomes):
        raise RuntimeError(f"Not added: {outcomes[0]}")


def _reconcile(inbox: Any) -> tuple[float, float]:
    """Seconds, and seconds of CPU."""
    from indicators.reconcile.matching import reconcile_collection

    began, before = perf_counter(), _cpu()
    while reconcile_collection(inbox.pk):
        pass
    return perf_counter() - began, _cpu() - before


def _cpu() -> float:
    """Seconds that this process and its connection's server process took."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [server] = cursor.fetchone()
    times = psutil.Process(server).cpu_times()
    return process_time() + times.user + times.system


def _match(local: Local, clusters: int) -> float:
    """New detections, as if their tokens had just been made."""
    from indicators.detections import due_matches
    from indicators.reconcile.due import match_due
    from indicators.store.sql import open_cursor

    with open_cursor() as cursor:
        due_matches.has_new_tokens(cursor, local.detections[:clusters], datetime.now(UTC))
    began = perf_counter()
    while match_due():
        pass
    return perf_counter() - began


def _portions(count: int, size: int) -> Iterator[range]:
    for start in range(0, count, size):
        yield range(start, min(count, start + size))


def _settle() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    from django.core.management import call_command

    adopt(Path(sys.argv[1]))
    call_command("migrate", interactive=False, verbosity=0)
    print(json.dumps([asdict(figure) for figure in measure(int(sys.argv[2]))]))
