"""Identifiers as people paste and upload them, read into accounts. Pure but for the keyed digest.

A row is an identifier alone, or `reference, kind, identifier`; a table may name its columns in its
first row. What is wrong with a row is said by its line and its kind, never by its value. Rows at
fault are left out, the others count.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from federation.errors import NotNormalizable
from federation.pseudonyms.normalize import normalize
from indicators.detections.finding import Identifier, IdentifierKind, SeenAccount
from indicators.detections.submissions.kinds import KINDS, kind_of, named_kind

MOST_IDENTIFIERS = 100_000
MOST_BYTES = 16 << 20
#: Faults that are kept; of more only the number.
MOST_FAULTS = 10_000
_MOST_OF_ACCOUNT = 100
_REFERENCE_LENGTH = 256
_DELIMITERS = (",", ";", "\t")
_MARK = "\ufeff"

_COLUMNS = {
    "account": "ref",
    "ref": "ref",
    "reference": "ref",
    "account_id": "ref",
    "kind": "kind",
    "type": "kind",
    "value": "value",
    "identifier": "value",
    "region": "region",
    "country": "region",
    "person_name": "person",
    "segment": "segment",
}
_KIND_UNCLEAR = (
    "Its kind isn't clear from its form; write reference, kind, identifier, with one of the kinds "
    f"{', '.join(KINDS)}."
)
_NO_SUCH_KIND = f"There is no such kind; write one of {', '.join(KINDS)}."
_TOO_MANY = f"There are more than {MOST_IDENTIFIERS:,} identifiers; submit the rest apart."
_OTHER_FORM = "It has two cells; write one identifier, or reference, kind, identifier."


class Fault(msgspec.Struct, frozen=True):
    """A row that is left out: its line in the text, the kind if it is known, and a sentence."""

    line: int
    kind: str
    message: str
    source: str = "pasted"


class Checked(msgspec.Struct, frozen=True):
    """What a reading found. `repeated` rows say what another said; faults beyond the most that are
    kept are only counted."""

    accounts: int = 0
    kinds: dict[str, int] = {}
    repeated: int = 0
    faults: tuple[Fault, ...] = ()
    fault_count: int = 0

    @property
    def identifiers(self) -> int:
        return sum(self.kinds.values())


class _Row(msgspec.Struct, frozen=True):
    value: str
    ref: str = ""
    kind: str = ""
    region: str = ""
    person: str = ""
    segment: str = ""


@dataclass(slots=True)
class _Account:
    identifiers: dict[Identifier, None] = field(default_factory=dict)
    people: dict[str, None] = field(default_factory=dict)
    segment: str | None = None


@dataclass(slots=True)
class Reading:
    """Accounts as they come together from one text or several."""

    source: str = "pasted"
    accounts: dict[str, _Account] = field(default_factory=dict)
    alone: set[Identifier] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    is_full: bool = False

    def read(self, source: str, chunks: Iterable[bytes]) -> None:
        """Add a text in UTF-8."""
        self.source = source
        lines = _Lines(chunks)
        for line, cells in _rows(lines, self._fail):
            if self.is_full:
                return
            self._take(line, cells)
        for line in lines.unreadable[:MOST_FAULTS]:
            self._fail(line, "", "The bytes are not valid UTF-8; save the table as CSV UTF-8.")

    def checked(self) -> Checked:
        return Checked(
            accounts=len(self.accounts),
            kinds=dict(sorted(self.kinds.items())),
            repeated=self.repeated,
            faults=tuple(self.faults),
            fault_count=self.fault_count,
        )

    def seen_accounts(self) -> Iterator[SeenAccount]:
        """In the order in which they were named first."""
        for ref, account in self.accounts.items():
            yield SeenAccount(
                ref,
                identifiers=tuple(account.identifiers),
                person_names=tuple(account.people)[:10],
                segment=account.segment,
            )

    def _take(self, line: int, row: _Row) -> None:
        kind = named_kind(row.kind) if row.kind else kind_of(row.value)
        if kind is None:
            self._fail(line, "", _NO_SUCH_KIND if row.kind else _KIND_UNCLEAR)
            return
        region = row.region.upper() or None
        try:
            normalize(kind, row.value, region=region)
            identifier = msgspec.convert(
                {"kind": kind, "value": row.value, "region": region}, Identifier
            )
        except NotNormalizable as refusal:
            self._fail(line, kind, str(refusal))
        except msgspec.ValidationError:
            self._fail(line, kind, "The region is no country's code; write two capital letters.")
        else:
            self._keep(line, row, kind, identifier)

    def _keep(self, line: int, row: _Row, kind: IdentifierKind, identifier: Identifier) -> None:
        if not row.ref and identifier in self.alone:
            self.repeated += 1
            return
        if self.kinds.total() >= MOST_IDENTIFIERS:
            self.is_full = True
            self._fail(line, kind, _TOO_MANY)
            return
        ref = row.ref or f"unnamed-account-{len(self.alone) + 1}"
        account = self.accounts.setdefault(ref, _Account())
        if identifier in account.identifiers:
            self.repeated += 1
        elif len(account.identifiers) >= _MOST_OF_ACCOUNT:
            self._fail(line, kind, "Its account has 100 identifiers already; leave out the rest.")
        else:
            account.identifiers[identifier] = None
            self.kinds[kind] += 1
            if not row.ref:
                self.alone.add(identifier)
        if row.person:
            account.people[row.person[:200]] = None

    def _fail(self, line: int, kind: str, message: str) -> None:
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(line, kind, message, self.source))


class _Lines:
    """Chunks of bytes as lines of text, numbered; what is no UTF-8 is left out and remembered."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.number = 0
        self.unreadable: list[int] = []

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(_split(self._chunks), 1):
            self.number = number
            try:
                text = line.decode().rstrip("\r")
            except UnicodeDecodeError:
                self.unreadable.append(number)
                continue
            yield (text.removeprefix(_MARK) if number == 1 else text).replace("\0", "")


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _rows(lines: _Lines, fail: Callable[[int, str, str], None]) -> Iterator[tuple[int, _Row]]:
    """(line, row) of each that isn't empty; a first row that names columns says which they are."""
    columns: list[str] | None = None
    is_first = True
    for text in lines:
        if not text.strip():
            continue
        cells = _cells(text)
        if cells is None or any(len(each) > 1024 for each in cells):
            fail(lines.number, "", "Its quotes don't match, or a cell is longer than 1,024.")
            continue
        if is_first:
            is_first = False
            columns = _header(cells)
            if columns:
                continue
        row = _named(cells, columns)
        if row is None:
            fail(lines.number, "", _OTHER_FORM)
        else:
            yield lines.number, row


def _cells(text: str) -> list[str] | None:
    """The cells of a line, by whichever separator it has most of."""
    delimiter = max(_DELIMITERS, key=text.count)
    if delimiter not in text:
        return [text.strip().strip('"')]
    if '"' not in text:
        return [each.strip() for each in text.split(delimiter)]
    try:
        [cells] = csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True)
    except (csv.Error, ValueError):
        return None
    return [each.strip() for each in cells]


def _header(cells: list[str]) -> list[str] | None:
    """The columns that a first row names; None if it is a row like the others."""
    named = [_COLUMNS.get(each.casefold().replace(" ", "_"), "") for each in cells]
    return named if "value" in named else None


def _named(cells: list[str], columns: list[str] | None) -> _Row | None:
    if columns is not None:
        found = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}
        return _row(**found) if "value" in found else None
    if len(cells) == 1:
        return _row(value=cells[0])
    if len(cells) in (3, 4) and cells[2]:
        region = cells[3] if len(cells) == 4 else ""
        return _row(ref=cells[0], kind=cells[1], value=cells[2], region=region)
    return None


def _row(value: str, ref: str = "", **others: str) -> _Row:
    return _Row(value, ref[:_REFERENCE_LENGTH], **others)
