"""CSV, for people: a row says one thing of one account of a cluster. README.md has the columns.

The rows of a cluster follow one another and make one finding; beyond 50,000 accounts another one,
so that memory stays flat. If one of its rows is at fault, the cluster isn't taken: corrected and
sent again, it would contradict what was stored.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from indicators.detections.finding import (
    CoordinationMethod,
    Identifier,
    IdentifierKind,
    Ratio,
    Region,
    Short,
    Strict,
    Term,
    Terms,
    Time,
    Tlp,
    Whole,
)
from indicators.detections.formats.assembly import Assembly
from indicators.detections.formats.csv_rows import CsvRow, csv_rows
from indicators.detections.formats.faults import shape_fault
from indicators.detections.formats.line import LIMITS, Limits, Line, LineError, refused

MOST_ACCOUNTS = 50_000
"""Accounts of one finding, as the schema has it."""

_LISTS = (
    "capability_targets",
    "elicitation_techniques",
    "training_purposes",
    "access_paths",
    "traits",
)
_OF_ROW = ("cluster_key", "account", "kind", "value", "region")
_OF_ACCOUNT = ("segment", "person_name", "account_first_seen", "account_last_seen")
_ACCOUNT_FIELDS = (
    ("segment", "segment"),
    ("account_first_seen", "first_seen"),
    ("account_last_seen", "last_seen"),
)
_OF_CLUSTER = ("cluster_size", "first_seen", "last_seen")
_OF_COORDINATION = ("method", "score", "traits")


class Row(Strict, frozen=True):
    """The columns. All but those of `_OF_ROW` and `_OF_ACCOUNT` are about the whole finding: said
    in one of its rows or in several, but not in two ways."""

    cluster_key: Short
    account: Annotated[str, Meta(max_length=256)] | None = None
    kind: IdentifierKind | None = None
    value: Annotated[str, Meta(max_length=1024)] | None = None
    region: Region | None = None
    segment: Term | None = None
    person_name: Short | None = None
    account_first_seen: Time | None = None
    account_last_seen: Time | None = None
    uid: Annotated[str, Meta(max_length=190)] | None = None
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    status: str | None = None
    closed_because: str | None = None
    detected_at: Time | None = None
    title: Short | None = None
    description: Annotated[str, Meta(max_length=4000)] | None = None
    confidence: Annotated[int, Meta(ge=0, le=100)] | None = None
    expected_false_positive_rate: Ratio | None = None
    detector_version: Annotated[str, Meta(max_length=64)] | None = None
    cluster_size: Whole | None = None
    first_seen: Time | None = None
    last_seen: Time | None = None
    interaction_count: Whole | None = None
    output_token_count: Whole | None = None
    method: CoordinationMethod | None = None
    score: Ratio | None = None
    traits: Terms | None = None
    capability_targets: Terms | None = None
    elicitation_techniques: Terms | None = None
    training_purposes: Terms | None = None
    access_paths: Terms | None = None
    tlp: Tlp | None = None
    collection: Annotated[str, Meta(max_length=64)] | None = None


COLUMNS = frozenset(Row.__struct_fields__)
_OF_FINDING = COLUMNS - {*_OF_ROW, *_OF_ACCOUNT}
_COUNTS = ("interaction_count", "output_token_count")
_SHARING = ("tlp", "collection")
_ELSEWHERE = frozenset({"uid", *_COUNTS, *_SHARING, *_OF_CLUSTER, *_OF_COORDINATION})

_PARTED = LineError(
    "/cluster_key",
    "The cluster has earlier rows, and others between; sort the table by cluster_key.",
)
_HAS_FAULTS = LineError(
    "", "The cluster has rows with errors; correct them and send all of its rows again."
)
_HALF = LineError("/value", "kind and value go together; fill in both or neither.")
_NO_ACCOUNT = LineError(
    "/account", "The row describes an account without naming it; fill in account."
)
_NO_METHOD = LineError("/method", "score and traits are of a method; fill in method.")


def read_csv(chunks: Iterable[bytes], limits: Limits = LIMITS) -> Iterator[Line]:
    """A table with a header. A line's number is that of its first row; each bad row is a line."""
    for count, line in enumerate(_lines(chunks, limits)):
        if count == limits.lines:
            yield refused(line.number, b"", _too_many(limits))
            return
        yield line


def _too_many(limits: Limits) -> LineError:
    return LineError(
        "",
        f"The table has more than {limits.lines:,} clusters or errors; send this row and those "
        "that follow it in another request.",
    )


def _lines(chunks: Iterable[bytes], limits: Limits) -> Iterator[Line]:
    run: _Run | None = None
    keys: set[str] = set()
    is_stray = False
    for row in csv_rows(chunks, limits, COLUMNS, "cluster_key"):
        errors = row.errors
        key = row.cells.get("cluster_key")
        if key and (run is None or key != run.key or run.is_full(row)):
            if run:
                yield run.line()
            run, is_parted = _next_run(run, key, row, keys)
            run.failed |= is_stray
            errors = (_PARTED,) if is_parted else errors
        errors = errors or tuple(_take(run, row.cells))
        if errors:
            yield refused(row.number, b"", *errors)
            if run:
                run.failed = True
        is_stray = key is None  # a bad row of no known cluster: of the one before or the one after
    if run:
        yield run.line()


@dataclass(slots=True)
class _Run:
    """Consecutive rows of one cluster, as far as one finding takes them."""

    key: str
    part: int
    assembly: Assembly
    said: dict[str, Any] = field(default_factory=dict)
    failed: bool = False

    def is_full(self, row: CsvRow) -> bool:
        accounts = self.assembly.accounts
        account = row.cells.get("account")
        return len(accounts) >= MOST_ACCOUNTS and account is not None and account not in accounts

    def line(self) -> Line:
        if self.failed:
            return refused(self.assembly.number, b"", _HAS_FAULTS)
        fields = self.assembly.fields
        fields.update({name: said for name, said in self.said.items() if name not in _ELSEWHERE})
        fields["uid"] = self._uid()
        fields["sharing"] = {name: self.said.get(name) for name in _SHARING}
        for name in _COUNTS:
            fields[name] = _count(self.said.get(name))
        self._add_coordination()
        self.assembly.cluster.update(
            key=self.key,
            size=_count(self.said.get("cluster_size")),
            first_seen=self.said.get("first_seen"),
            last_seen=self.said.get("last_seen"),
        )
        return self.assembly.line()

    def _uid(self) -> str:
        """The same for the same cluster, so that the same table sent again is a duplicate. Made of
        the key alone: what was made of raw identifiers could be searched for them."""
        digest = hashlib.sha256(b"csv\0" + self.key.encode()).digest()
        derived = "csv-" + base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
        uid = str(self.said.get("uid", derived))
        return uid if self.part == 1 else f"{uid}-{self.part}"

    def _add_coordination(self) -> None:
        said = {name: self.said[name] for name in _OF_COORDINATION if name in self.said}
        if "method" in said:
            self.assembly.fields["coordination"] = said
        elif said:
            self.assembly.errors.append(_NO_METHOD)


def _count(value: int | None) -> dict[str, int] | None:
    return None if value is None else {"value": value}


def _next_run(before: _Run | None, key: str, row: CsvRow, keys: set[str]) -> tuple[_Run, bool]:
    """The run that begins with this row, and whether the cluster had one that was over."""
    assembly = Assembly(row.number, b"")
    if before and before.key == key:
        said = dict(before.said)
        return _Run(key, before.part + 1, assembly, said, failed=before.failed), False
    is_parted = key in keys
    keys.add(key)
    return _Run(key, 1, assembly), is_parted


def _take(run: _Run | None, cells: dict[str, str]) -> Iterator[LineError]:
    plain = {
        name: cell.replace(";", " ").split() if name in _LISTS else cell
        for name, cell in cells.items()
    }
    try:
        row = msgspec.convert(plain, Row, strict=False)
    except msgspec.ValidationError as error:
        yield shape_fault(error, Row)
        return
    if run:
        yield from _contradictions(run, row, cells)
        yield from _take_account(run.assembly, row, cells)


def _contradictions(run: _Run, row: Row, cells: dict[str, str]) -> Iterator[LineError]:
    for name in sorted(cells.keys() & _OF_FINDING):
        said = getattr(row, name)
        if run.said.setdefault(name, said) != said:
            yield LineError(
                f"/{name}", f"An earlier row of the cluster has another {name}; make them agree."
            )


def _take_account(assembly: Assembly, row: Row, cells: dict[str, str]) -> Iterator[LineError]:
    if (row.kind is None) != (row.value is None):
        yield _HALF
    elif row.kind and row.value:
        assembly.identify(row.account, Identifier(row.kind, row.value, row.region))
    if row.account is None:
        if not cells.keys().isdisjoint(_OF_ACCOUNT):
            yield _NO_ACCOUNT
        return
    account = assembly.account(row.account)
    if row.person_name:
        account["person_names"][row.person_name] = None
    for column, name in _ACCOUNT_FIELDS:
        if (said := getattr(row, column)) is not None and account.setdefault(name, said) != said:
            yield LineError(
                f"/{column}",
                f"An earlier row of the account has another {column}; make them agree.",
            )
