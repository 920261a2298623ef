"""Identifiers as people paste and upload them, read into accounts. Pure but for the keyed digest.

A row is an identifier alone, or `reference, kind, identifier`; a table may name its columns in its
first row. What is wrong with a row is said by its line and its kind, never by its value. Rows at
fault are left out, the others count.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

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
_PEOPLE_OF_ACCOUNT = 10
_NAME_LENGTH = 200
_CELL_LENGTH = 1024
#: Of a row that is looked at: no more cells than a table of ours could have.
_ROW_LENGTH = 16 * _CELL_LENGTH
_DELIMITERS = (",", ";", "\t")
_MARK = "\ufeff"
#: What a byte that is no UTF-8 is decoded as (PEP 383), and the two that UTF-16 begins with.
_NO_TEXT = re.compile("[\udc80-\udcff]")
_FOREIGN_MARKS = ("\udcff\udcfe", "\udcfe\udcff")

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
}
_KIND_UNCLEAR = (
    "Its kind isn't clear from its form; write reference, kind, identifier, with one of the kinds "
    f"{', '.join(KINDS)}."
)
_NO_SUCH_KIND = f"There is no such kind; write one of {', '.join(KINDS)}."
_TOO_MANY = f"There are more than {MOST_IDENTIFIERS:,} identifiers; submit the rest apart."
_FOREIGN = "The text is UTF-16; save the table as CSV UTF-8."
_NOT_UTF8 = "The bytes are not valid UTF-8; save the table as CSV UTF-8."
_NULS = "It holds NUL characters; save the table as CSV UTF-8."
_TOO_LONG = f"It is longer than a row is, of cells of {_CELL_LENGTH:,}; one identifier a line."
_LONG_NAME = "Its account or person has too long a name: 256 and 200 characters are the most."
_NO_CELLS = "Its quotes don't match, or a cell is longer than 1,024."
_NO_VALUE = "It has nothing in the column of identifiers."
_MORE_CELLS = (
    "It has more cells than the header; put quotes around a cell that contains the separator."
)
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


@dataclass(slots=True)
class _Account:
    identifiers: dict[Identifier, None] = field(default_factory=dict)
    people: dict[str, None] = field(default_factory=dict)


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
        """Add a text in UTF-8, whatever ends its lines."""
        self.source = source
        for line, row in _rows(chunks, self._fail):
            if self.is_full:
                return
            self._take(line, row)

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
                person_names=tuple(account.people),
            )

    def _take(self, line: int, row: _Row) -> None:
        if len(row.ref) > _REFERENCE_LENGTH or len(row.person) > _NAME_LENGTH:
            self._fail(line, "", _LONG_NAME)
            return
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
        if row.person and len(account.people) < _PEOPLE_OF_ACCOUNT:
            account.people[row.person] = None
        elif row.person and row.person not in account.people:
            self._fail(line, kind, "Its account has 10 names of people already.")

    def _fail(self, line: int, kind: str, message: str) -> None:
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(line, kind, message, self.source))


def _rows(
    chunks: Iterable[bytes], fail: Callable[[int, str, str], None]
) -> Iterator[tuple[int, _Row]]:
    """(line, row) of each that isn't empty; a first row that names columns says which they are."""
    columns: list[str] | None = None
    delimiter = ""
    is_first = True
    for line, text in _texts(chunks, fail):
        cells = _cells(text, delimiter or max(_DELIMITERS, key=text.count))
        if cells is None or any(len(each) > _CELL_LENGTH for each in cells):
            fail(line, "", _NO_CELLS)
            continue
        if is_first:
            is_first = False
            columns = _header(cells)
            if columns:
                delimiter = max(_DELIMITERS, key=text.count)
                continue
        if any(cells):
            row = _named(cells, columns) if columns else _placed(cells)
            if isinstance(row, str):
                fail(line, "", row)
            else:
                yield line, row


def _texts(
    chunks: Iterable[bytes], fail: Callable[[int, str, str], None]
) -> Iterator[tuple[int, str]]:
    """(number, line) of each that can be read and isn't empty."""
    for number, line in enumerate(_split(chunks), 1):
        text = line.removeprefix(_MARK) if number == 1 else line
        if number == 1 and text.startswith(_FOREIGN_MARKS):
            fail(number, "", _FOREIGN)
            return
        if fault := _fault_of(text):
            fail(number, "", fault)
        elif text.strip():
            yield number, text


def _fault_of(text: str) -> str:
    if len(text) > _ROW_LENGTH:
        return _TOO_LONG
    if "\0" in text:
        return _NULS
    return "" if text.isascii() or not _NO_TEXT.search(text) else _NOT_UTF8


def _split(chunks: Iterable[bytes]) -> Iterator[str]:
    """Lines, whether they end as on Unix, on Windows, or on a Macintosh of old."""
    utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    decoder = io.IncrementalNewlineDecoder(utf8, translate=True)
    rest = ""
    for chunk in chain(chunks, (None,)):
        read = decoder.decode(b"", final=True) if chunk is None else decoder.decode(chunk)
        *whole, rest = (rest + read).split("\n")
        yield from whole
    if rest:
        yield rest


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of a line; None if its quotes don't match."""
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


def _named(cells: list[str], columns: list[str]) -> _Row | str:
    """A row of a table with a header, or what is wrong with it."""
    if any(cells[len(columns) :]):
        return _MORE_CELLS
    found = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}
    return _Row(**found) if "value" in found else _NO_VALUE


def _placed(cells: list[str]) -> _Row | str:
    """A row whose cells are known by their places, or what is wrong with it."""
    if len(cells) == 1:
        return _Row(cells[0])
    if len(cells) in (3, 4) and cells[2]:
        ref, kind, value, *region = cells
        return _Row(value, ref, kind, *region)
    return _OTHER_FORM
