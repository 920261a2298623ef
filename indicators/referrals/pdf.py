"""The report as PDF, the same bytes every time. Pure.

Its fonts are those that every reader has: Helvetica, and for what that does not write the CID fonts
of Adobe's Asian collections. Streams are not compressed: another version of zlib would change them.
"""

import hashlib
import io
import unicodedata
from datetime import datetime
from functools import cache, partial
from itertools import groupby
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Paragraph as Text

from indicators.referrals.report import Block, Facts, Paragraph, Report, Table

_LATIN = "Helvetica"
_CHINESE, _JAPANESE, _KOREAN = "STSong-Light", "HeiseiMin-W3", "HYSMyeongJo-Medium"
_INK, _QUIET, _LINE = colors.HexColor("#1c2226"), colors.HexColor("#57616a"), colors.grey
_WIDTH = A4[0] - 36 * mm

_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=17, leading=21, textColor=_INK)
_HEAD = ParagraphStyle(
    "head", fontName="Helvetica-Bold", fontSize=12, leading=15, spaceBefore=12, spaceAfter=4
)
# Ids and digests are longer than a line: they break where they must.
_BODY = ParagraphStyle(
    "body", fontName=_LATIN, fontSize=9.5, leading=13, textColor=_INK, splitLongWords=1
)
_MUTED = ParagraphStyle("muted", _BODY, textColor=_QUIET)
_CELL = ParagraphStyle("cell", _BODY, fontSize=7, leading=9)
_CELL_HEAD = ParagraphStyle("cell-head", _CELL, fontName="Helvetica-Bold")
_GRID = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEABOVE", (0, 0), (-1, -1), 0.25, _LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
)


def render(report: Report) -> bytes:
    """The file."""
    _register_fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=18 * mm,
        bottomMargin=18 * mm, title=report.title, author="", subject=report.subtitle,
        invariant=1, pageCompression=0, lang="en",
    )  # fmt: skip
    flow: list[Flowable] = [_text(report.title, _TITLE), _text(report.subtitle, _MUTED)]
    for section in report.sections:
        flow.append(_text(section.title, _HEAD))
        for block in section.blocks:
            flow += [_block(block), Spacer(0, 2 * mm)]
    maker = partial(_canvas, report.made)
    document.build(flow, onFirstPage=_number, onLaterPages=_number, canvasmaker=maker)
    return out.getvalue()


def _canvas(made: str, *given: Any, **options: Any) -> Canvas:
    """A canvas that is dated by the report, whatever clock or SOURCE_DATE_EPOCH says."""
    canvas = Canvas(*given, **options)
    date = datetime.strptime(made, "%Y-%m-%d %H:%M UTC").timetuple()[:6]
    canvas._doc._timeStamp = SimpleNamespace(YMDhms=date, dhh=0, dmm=0)
    # What its /ID is made of, begun anew: it had begun with the clock.
    canvas._doc.signature = hashlib.blake2b(made.encode(), digest_size=16)
    return canvas


@cache
def _register_fonts() -> None:
    for name in (_CHINESE, _JAPANESE, _KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def _number(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(_LATIN, 8)
    canvas.setFillColor(_QUIET)
    canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, f"Page {canvas.getPageNumber()}")


def _block(block: Block) -> Flowable:
    match block:
        case Paragraph():
            return _text(block.text, _BODY)
        case Facts():
            rows = [[_text(label, _MUTED), _text(words, _BODY)] for label, words in block.rows]
            return LongTable(rows, colWidths=[_WIDTH * 0.28, _WIDTH * 0.72], style=_GRID)
        case Table():
            return _table(block)


def _table(table: Table) -> Flowable:
    head = [_text(each, _CELL_HEAD) for each in table.head]
    rows = [[_text(each, _CELL) for each in row] for row in table.rows]
    widths = [_WIDTH * part / sum(table.widths) for part in table.widths]
    return LongTable([head, *rows], colWidths=widths, repeatRows=1, style=_GRID)


def _text(text: str, style: ParagraphStyle) -> Text:
    return Text(_marked(text), style)


def _marked(text: str) -> str:
    """Each run of characters in a font that has them."""
    runs = ((font, "".join(run)) for font, run in groupby(_printable(text), _font))
    return "".join(
        escape(run) if font == _LATIN else f'<font name="{font}">{escape(run)}</font>'
        for font, run in runs
    )


def _printable(text: str) -> str:
    """Nothing that a page can't show: control characters go, rare planes are named."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(_shown(each) for each in composed)


def _shown(character: str) -> str:
    if ord(character) > 0xFFFF:
        return f"[U+{ord(character):X}]"
    return " " if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") else character


def _font(character: str) -> str:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        name = unicodedata.name(character, "")
        if name.startswith(("HIRAGANA", "KATAKANA")):
            return _JAPANESE
        return _KOREAN if name.startswith("HANGUL") else _CHINESE
    return _LATIN
