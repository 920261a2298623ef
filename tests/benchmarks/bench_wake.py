"""Wake: from what one node publishes to the match that another shows, directly and through the hub.

Four started nodes as in `up --demo`, on one PostgreSQL that doesn't wait for the disk. Birch pulls
from Alder and from the hub, Cedar from the hub alone. Everything has one clock: published is the
indicator's `date_added` in Alder's feed, visible is when a reader of the other's database sees it.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import psycopg

from indicators.local.places import CHECKOUT
from tests.benchmarks.figures import Figure
from tests.database import Server, embedded_server, place_for_data
from tests.journeys.ingest_client import account

if TYPE_CHECKING:
    from tests.journeys.federation import Federation, Member

ROUNDS = 30
PATIENCE = 60.0
_TEMPLATE = "retort_benchmark"
_SETTINGS = "indicators.config.settings"
_READERS = ("Birch", "Cedar")
# A finding is several indicators (one a kind of token); the first that matches tells.
_TOLD = """
SELECT cluster_id, stix_id FROM indicators_match
WHERE cluster_id <> ALL(%s) AND retired_at IS NULL ORDER BY found_at LIMIT 1
"""
_ADDED = "SELECT min(date_added) FROM indicators_entry WHERE stix_id = %s"
_TOKENS = "SELECT count(*) FROM indicators_detectedtoken"


def run() -> list[Figure]:
    """In a process of its own: what introduces the nodes needs Django's settings."""
    with place_for_data("retort-wake-") as data_dir:
        settings = {"RETORT_DATA": str(data_dir), "LOG_LEVEL": "warning"}
        environment = os.environ | settings | {"DJANGO_SETTINGS_MODULE": _SETTINGS}
        command = [sys.executable, "-m", __name__]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return [Figure(**each) for each in json.loads(done.stdout)]


def main() -> None:
    import django

    django.setup()
    from tests.journeys.federation import exchange

    with embedded_server() as server:
        _make_template(server)
        with exchange(server, _TEMPLATE) as federation:
            figures = _figures(measure(federation))
    print(json.dumps([asdict(each) for each in figures]))


def measure(federation: "Federation") -> dict[str, list[float]]:
    """Seconds from publication to visible match, of each round, by reader."""
    for name in _READERS:
        _hold_accounts(federation[name])
    seconds: dict[str, list[float]] = {name: [] for name in _READERS}
    readers = {
        name: psycopg.connect(federation[name].database_url, autocommit=True) for name in _READERS
    }
    seen: dict[str, list[int]] = {name: [] for name in _READERS}
    for number in range(ROUNDS):
        federation["Alder"].report(f"round-{number}", f"theirs-{number}", _accounts(number))
        for name, (indicator, at) in _await_matches(readers, seen).items():
            seconds[name].append((at - _published(federation, indicator)).total_seconds())
    for reader in readers.values():
        reader.close()
    return seconds


def _accounts(number: int) -> list[dict[str, Any]]:
    return [account(each, f"round-{number}") for each in range(12)]


def _hold_accounts(member: "Member") -> None:
    """A cluster for each round, of the same accounts, which nobody else is told of."""
    assert member.detector is not None
    member.rows("detector", "set", member.detector.name, "--policy", "review")
    for number in range(ROUNDS):
        member.report(f"ours-{number}", f"ours-{number}", _accounts(number))
    with psycopg.connect(member.database_url, autocommit=True) as reader:
        ends = time.monotonic() + 4 * PATIENCE
        while _count(reader) < ROUNDS * len(_accounts(0)) * 2:
            if time.monotonic() > ends:
                raise TimeoutError(f"{member.name} has only {_count(reader)} tokens.")
            time.sleep(0.2)


def _count(reader: psycopg.Connection[Any]) -> int:
    [(count,)] = reader.execute(_TOKENS).fetchall()
    return int(count)


def _await_matches(
    readers: dict[str, psycopg.Connection[Any]], seen: dict[str, list[int]]
) -> dict[str, tuple[str, datetime]]:
    """By which indicator each reader saw a cluster matched that it had not seen, and when."""
    visible: dict[str, tuple[str, datetime]] = {}
    ends = time.monotonic() + PATIENCE
    while visible.keys() != readers.keys():
        if time.monotonic() > ends:
            raise TimeoutError(f"Only {sorted(visible)} saw the match.")
        for name in readers.keys() - visible.keys():
            if row := readers[name].execute(_TOLD, [seen[name]]).fetchone():
                cluster, indicator = row
                visible[name] = indicator, datetime.now(UTC)
                seen[name].append(cluster)
        time.sleep(0.01)
    return visible


def _published(federation: "Federation", indicator: str) -> datetime:
    with psycopg.connect(federation["Alder"].database_url, autocommit=True) as alder:
        [(at,)] = alder.execute(_ADDED, [indicator]).fetchall()
    assert isinstance(at, datetime)
    return at


def _figures(seconds: dict[str, list[float]]) -> list[Figure]:
    figures = []
    for name, way in zip(_READERS, ("directly", "through the hub"), strict=True):
        cuts = quantiles(seconds[name], n=20, method="inclusive")
        figures += [
            Figure(f"wake, published to visible match {way}, p50", cuts[9], "s"),
            Figure(f"wake, published to visible match {way}, p95", cuts[18], "s", at_most=2),
        ]
    return figures


def _make_template(server: Server) -> None:
    server.create(_TEMPLATE)
    environment = os.environ | {"DATABASE_URL": server.url(_TEMPLATE), "LOG_LEVEL": "warning"}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=CHECKOUT, env=environment, check=True)


if __name__ == "__main__":
    main()
