"""What a search asks for, as queries over the words of rows: a row must meet each of them.

They are looked up side by side: where one has no row, the index passes over those of the others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from indicators.catalog import words
from indicators.store.sql import Cursor

# Parsed as the rows' texts are, whatever was typed. An empty query adds nothing to another.
_ASKED = """
SELECT (plainto_tsquery('simple', %(wanted)s) && to_tsquery('simple', %(begins)s)
        && {unwanted} %(every)s::tsquery)::text
"""
_UNWANTED = "!! plainto_tsquery('simple', %({name})s) &&"
_ID = re.compile(r"[a-z0-9-]{1,250}--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_TOKEN = re.compile(r"psi1\.[a-z2-7]{8}\.[A-Za-z0-9_-]{21}[AQgw]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for: rows that meet all of it; what is empty asks for nothing.

    text: words that a row must all have; `-word` must not be there; or ids, or a token, alone.
    tlps: ranks, None for unmarked. whose: own or peers. confidence: from 0 to 100, both ends in it;
    rows that state none have none. Days are UTC's, of the author's version, both ends in it.
    """

    text: str = ""
    types: tuple[str, ...] = ()
    tlps: tuple[int | None, ...] = ()
    kinds: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    origins: tuple[UUID, ...] = ()
    collections: tuple[UUID, ...] = ()
    whose: str = ""
    standings: tuple[str, ...] = ()
    signed: bool | None = None
    confidence: tuple[int, int] | None = None
    since: date | None = None
    until: date | None = None

    @property
    def ids(self) -> list[str]:
        """The objects that the text names, if it names any, and nothing else."""
        typed = self.text.split()
        return typed if all(_ID.fullmatch(each) for each in typed) else []

    @property
    def token(self) -> str:
        """The token that the text is, else ""."""
        typed = self.text.strip().strip("'")
        return typed if _TOKEN.fullmatch(typed) else ""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a typed text. `begins`: how one of them begins."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    begins: str = ""

    @property
    def whole(self) -> "Words":
        """With the beginning as a word of its own."""
        return Words((*self.wanted, self.begins), self.unwanted) if self.begins else self


NONE = Words()


def words_of(text: str) -> Words:
    """What a typed text asks for."""
    wanted, unwanted, begins = words.split(text)
    return Words(tuple(wanted), tuple(unwanted), begins)


def asked_of(cursor: Cursor, query: Query, typed: Words) -> tuple[str, ...]:
    """The queries as PostgreSQL writes them; none if nothing is asked for."""
    text = "" if typed == NONE else _text(cursor, typed)
    return tuple(each for each in (text, *_filters(query)) if each)


def _text(cursor: Cursor, typed: Words) -> str:
    unwanted = {f"unwanted{n}": word for n, word in enumerate(typed.unwanted)}
    statement = _ASKED.format(unwanted=" ".join(_UNWANTED.format(name=each) for each in unwanted))
    asked = {
        "wanted": " ".join(typed.wanted),
        "begins": f"{typed.begins}:*" if typed.begins else "",
        "every": "" if typed.wanted or typed.begins else words.any_of([words.EVERY]),
        **unwanted,
    }
    [(text,)] = cursor.execute(statement, asked).fetchall()
    return str(text)


def _filters(query: Query) -> Iterator[str]:
    chosen = (
        [f"T/{each}" for each in query.types],
        [f"M/{'-' if each is None else each}" for each in query.tlps],
        [f"K/{each}" for each in query.kinds],
        [f"V/{each}" for each in query.terms],
        [f"O/{each}" for each in query.origins],
        [f"L/{each}" for each in query.collections],
        [f"W/{query.whose}"] if query.whose else [],
        [f"S/{each}" for each in query.standings],
        [] if query.signed is None else ["G/yes" if query.signed else "G/no"],
    )
    yield from (words.any_of(each) for each in chosen if each)
    if query.confidence is not None:
        least, most = query.confidence
        yield _between(words.confidence_from(least), most < 100, words.confidence_from(most + 1))
    if query.since or query.until:
        last = query.until or date.max
        beyond = words.day_from(last + timedelta(days=1)) if last < date.max else []
        yield _between(words.day_from(query.since or date.min), last < date.max, beyond)


def _between(least: list[str], is_bounded: bool, beyond: list[str]) -> str:
    """Rows with a word of `least`, and none of `beyond` if there is a bound."""
    return words.any_of(least) + (f" & !{words.any_of(beyond)}" if is_bounded else "")
