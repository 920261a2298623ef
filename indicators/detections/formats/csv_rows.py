"""A CSV file as rows of named cells, with the faults of its form."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from indicators.detections.formats.faults import is_prompt_field, prompt_refusal
from indicators.detections.formats.line import Limits, LineError
from indicators.detections.formats.splitting import pieces

_MARK = b"\xef\xbb\xbf"  # spreadsheets write it before UTF-8
_DELIMITERS = (",", ";", "\t")
_NOT_UTF8 = LineError("", "The bytes are not valid UTF-8; save the table as CSV UTF-8.")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """The cells that aren't empty, by column; or the errors of the row.

    number: of the line that the row ends in. ends: the rest of the table can't be read.
    """

    number: int
    cells: dict[str, str]
    errors: tuple[LineError, ...] = ()
    ends: bool = False


def csv_rows(
    chunks: Iterable[bytes], limits: Limits, columns: frozenset[str], needed: str
) -> Iterator[CsvRow]:
    """The rows below the header. Commas, semicolons or tabs, whichever the header has most of."""
    lines = _Lines(chunks, limits)
    texts = iter(lines)
    header = next(texts, None)
    if header is None:
        error = lines.faults.pop(0)[1] if lines.faults else _no_header(needed)
        yield CsvRow(1, {}, (error,), ends=True)
        return
    delimiter = max(_DELIMITERS, key=header.count)
    records = csv.reader(chain((header,), texts), delimiter=delimiter, strict=True)
    yield from _named(records, lines, columns, needed)


@dataclass(slots=True)
class _Lines:
    """The lines as text; what can't be read is kept in `faults` and left out."""

    chunks: Iterable[bytes]
    limits: Limits
    number: int = 0
    faults: list[tuple[int, LineError]] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        for piece in pieces(self.chunks, replace(self.limits, lines=self.limits.rows)):
            self.number = piece.number
            if piece.error:
                self.faults.append((piece.number, piece.error))
                continue
            source = piece.source.removeprefix(_MARK) if piece.number == 1 else piece.source
            try:
                yield source.decode() + "\n"
            except UnicodeDecodeError:
                self.faults.append((piece.number, _NOT_UTF8))


def _named(
    records: Iterator[list[str]], lines: _Lines, columns: frozenset[str], needed: str
) -> Iterator[CsvRow]:
    names: list[str] | None = None
    while True:
        try:
            record = next(records, None)
        except csv.Error:
            yield CsvRow(lines.number, {}, (_UNENDED,))
            continue
        for number, error in lines.faults:
            yield CsvRow(number, {}, (error,))
        lines.faults.clear()
        if record is None:
            return
        if names is None:
            names = [cell.strip().lower().replace(" ", "_") for cell in record]
            if errors := tuple(_header_faults(names, columns, needed)):
                yield CsvRow(lines.number, {}, errors, ends=True)
                return
        elif len(record) != len(names):
            yield CsvRow(lines.number, {}, (_wrong_length(record, names),))
        elif cells := {name: cell.strip() for name, cell in _filled(names, record)}:
            yield CsvRow(lines.number, cells)


def _filled(names: list[str], record: list[str]) -> Iterator[tuple[str, str]]:
    return ((name, cell) for name, cell in zip(names, record, strict=True) if cell.strip())


def _header_faults(names: list[str], columns: frozenset[str], needed: str) -> Iterator[LineError]:
    if len(names) > len(columns):
        yield LineError("", f"The header has {len(names)} columns; there are {len(columns)}.")
        return
    known = ", ".join(sorted(columns))
    for place, name in enumerate(names, 1):
        if is_prompt_field(name):
            yield LineError(f"/{name}", prompt_refusal(name))
        elif name not in columns:
            yield LineError("", f"Column {place} of the header isn't known; there are {known}.")
        elif name in names[: place - 1]:
            yield LineError(f"/{name}", f"The column {name} occurs twice; keep one of them.")
    if needed not in names:
        yield _no_header(needed)


def _no_header(needed: str) -> LineError:
    return LineError("", f"The first line must name the columns, {needed} among them.")


_UNENDED = LineError(
    "", "The row's quotes don't match; double each quote inside a cell and close the cell."
)


def _wrong_length(record: list[str], names: list[str]) -> LineError:
    return LineError(
        "",
        f"The row has {len(record)} cells where the header has {len(names)}; "
        "put quotes around a cell that contains the separator.",
    )
