"""`python -m tests.benchmarks [NAME…] [--objects N] [--json FILE]`: figures of a real node.

A command, not a timed test. It starts a node (embedded PostgreSQL with durable settings, granian,
worker), loads it, measures, prints each figure beside its target in design/quality.md, and writes
JSON. Figures are ratios within one run where other work on the machine could distort them.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from tests.benchmarks.figures import Figure, table

RESULTS = Path(__file__).parent / "results"
ALONE = ("start", "stix", "tokens", "receive", "reconcile", "search", "wake", "demo")
ON_A_NODE = (
    "import",
    "pages",
    "catchup",
    "depth",
    "verify",
    "post",
    "memory",
    "log",
    "contribute",
    "desk",
)


def main() -> None:
    options = _options()
    names = options.names or [*ALONE, *ON_A_NODE]
    figures: list[Figure] = []
    for found in _measured(names, options.objects):
        figures += found
    print("\n" + table(figures))
    _write(options.json, options.objects, figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [*ALONE, *ON_A_NODE]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--objects", type=int, default=100_000, help="in the store (100000)")
    parser.add_argument("--json", type=Path, help="where the figures are written")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(names)}.")
    return options


def _measured(names: Iterable[str], objects: int) -> Iterator[list[Figure]]:
    from tests.benchmarks import (
        bench_desk,
        bench_receive,
        bench_reconcile,
        bench_search,
        bench_start,
        bench_tokens,
        bench_wake,
    )

    if "start" in names:
        yield _told("start", bench_start.run)
    if "stix" in names:
        yield _told("stix", _stix)
    if "tokens" in names:
        yield _told("tokens", bench_tokens.run)
    if "receive" in names:
        yield _told("receive", lambda: bench_receive.run(objects))
    if "reconcile" in names:
        yield _told("reconcile", lambda: bench_reconcile.run(objects))
    if "search" in names:
        yield _told("search", lambda: bench_search.run(objects))
    if "wake" in names:
        yield _told("wake", bench_wake.run)
    if "demo" in names:
        yield _told("demo", bench_desk.run_on_the_demonstration)
    if set(names) & set(ON_A_NODE):
        yield from _on_a_node(names, objects)


def _on_a_node(names: Iterable[str], objects: int) -> Iterator[list[Figure]]:
    from tests.benchmarks import (
        bench_catchup,
        bench_contribute,
        bench_depth,
        bench_desk,
        bench_import,
        bench_memory,
        bench_pages,
        bench_post,
        bench_verify,
    )
    from tests.benchmarks.place import adopt, fill, plain_view, settle
    from tests.database import place_for_data
    from tests.journeys.node import running_node

    with (
        place_for_data("retort-benchmark-") as data_dir,
        running_node(data_dir, environment={"MFA": "optional"}) as node,
    ):
        adopt(data_dir)
        began = perf_counter()
        place = fill(node, objects)
        print(f"{objects:,} objects loaded in {perf_counter() - began:,.0f} s", file=sys.stderr)
        settle()
        if "import" in names:
            yield _told("import", lambda: bench_import.run(place))
        if "pages" in names:
            with plain_view(place):
                yield _told("pages", lambda: bench_pages.run(place))
        for name, module in (
            ("catchup", bench_catchup),
            ("depth", bench_depth),
            ("verify", bench_verify),
            ("post", bench_post),
            ("memory", bench_memory),
            ("contribute", bench_contribute),
            ("desk", bench_desk),
        ):
            if name in names:
                yield _told(name, lambda run=module.run: run(place))
        if "log" in names:
            yield _told("log", lambda: _log(objects))


def _told(name: str, run: Callable[[], list[Figure]]) -> list[Figure]:
    """Run one benchmark; its table at once, as a long run may be cut short."""
    began = perf_counter()
    figures = run()
    print(f"\n{name}, {perf_counter() - began:,.0f} s\n{table(figures)}", flush=True)
    return figures


def _stix() -> list[Figure]:
    from tests.benchmarks import bench_stix

    kinds = bench_stix.run()["parse_objects"]
    return [
        Figure(f"parse_objects, {kind}", found["objects_per_second"], "objects/s/core", 20_000)
        for kind, found in kinds.items()
    ]


def _log(objects: int) -> list[Figure]:
    from tests.benchmarks import bench_log

    shown = {
        "appended entries/s in batches of 1,000": "entries/s",
        "append 1,000 entries, median ms": "ms",
        "append 1 entry, median ms": "ms",
        "inclusion proof, median ms": "ms",
        "consistency proof, median ms": "ms",
        "hash tile, median ms": "ms",
    }
    found = bench_log.run(objects / bench_log.ENTRIES)
    return [Figure(f"log, {name}", found[name], unit) for name, unit in shown.items()]


def _write(target: Path | None, objects: int, figures: list[Figure]) -> None:
    now = datetime.now(UTC)
    target = target or RESULTS / f"{now:%Y%m%dT%H%M%SZ}-{objects}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "at": now.isoformat(),
        "objects": objects,
        "machine": {"system": platform.platform(), "python": platform.python_version()},
        "figures": [asdict(figure) | {"met": figure.met} for figure in figures],
    }
    target.write_text(json.dumps(content, indent=2, ensure_ascii=False))
    print(f"\nWritten to {target}")


if __name__ == "__main__":
    main()
