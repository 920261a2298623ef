"""The words of a catalog row, and a question as one query over words. Pure.

Each filter is a word too: `T/indicator`, `M/2`. They begin with a capital letter, which no word of
a text does, so that nobody types one. One index over all of them answers every combination.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

#: Rows whose numbers share all but these bits share a word: a page is looked for bucket by bucket.
BUCKET_BITS = 14
#: What every row has, so that a question of only what must not be there has where to begin.
EVERY = "A"
#: What no row has.
NO_ROW = "Z"
# An index over words is slow with long lists of alternatives. So a range is two questions of few:
# what is at least so much has a word for each step below it, coarse steps first, then finer ones.
_STATED = "C/s"
_FIRST_YEAR, _LAST_YEAR = 2016, 2100
_GROUP = 8


def bucket_of(number: int) -> int:
    """The bucket that a row's number falls into."""
    return number >> BUCKET_BITS


def confidence_words(confidence: int | None) -> list[str]:
    """The words of a confidence from 0 to 100: the tens up to it, and its units above the last."""
    if confidence is None:
        return ["C/-"]
    ten, unit = divmod(confidence, 10)
    tens = [f"C/{each}x" for each in range(1, ten + 1)]
    return [_STATED, *tens, *(f"C/{ten}{each}" for each in range(1, unit + 1))]


def confidence_from(least: int) -> list[str]:
    """A stated confidence of `least` or more has one of these."""
    ten, unit = divmod(least, 10)
    if least <= 0:
        return [_STATED]
    if least > 100:
        return [NO_ROW]
    if not unit:
        return [f"C/{ten}x"]
    return [f"C/{ten}{unit}", *([f"C/{ten + 1}x"] if ten < 10 else [])]


def day_words(day: date) -> list[str]:
    """The words of a day: years up to it, months of its year, groups of days, days of its group."""
    group, rest = divmod(day.day - 1, _GROUP)
    month = f"{day.year}-{day.month:02}"
    return [
        *(f"Y/{each}" for each in range(_FIRST_YEAR, min(day.year, _LAST_YEAR) + 1)),
        *(f"Y/{day.year}-{each:02}" for each in range(2, day.month + 1)),
        *(f"Y/{month}g{each}" for each in range(1, group + 1)),
        *(f"Y/{month}g{group}d{each}" for each in range(1, rest + 1)),
    ]


def day_from(day: date) -> list[str]:
    """What is of that day or later has one of these. Before the first year days don't count."""
    if day.year < _FIRST_YEAR:
        return [EVERY]
    if day.year > _LAST_YEAR:
        return [NO_ROW]
    return list(_steps(day))


def _steps(day: date) -> Iterator[str]:
    """The step that begins with the day, then the next one of each coarser kind.

    A step of a coarser kind that begins with the day is all that is needed of the finer ones.
    """
    group, rest = divmod(day.day - 1, _GROUP)
    month = f"{day.year}-{day.month:02}"
    if rest:
        yield f"Y/{month}g{group}d{rest}"
        yield f"Y/{month}g{group + 1}"
    elif group:
        yield f"Y/{month}g{group}"
    if rest or group:
        yield f"Y/{day.year}-{day.month + 1:02}"
    elif day.month > 1:
        yield f"Y/{month}"
    if rest or group or day.month > 1:
        yield f"Y/{day.year + 1}"
    else:
        yield f"Y/{day.year}"


def quoted(words: Iterable[str]) -> str:
    """Words as PostgreSQL writes them in a tsvector or tsquery, whatever is in them."""
    return " ".join(_quote(word) for word in words)


def any_of(words: Iterable[str]) -> str:
    """A tsquery for rows that have one of the words."""
    return "(" + " | ".join(_quote(word) for word in words) + ")"


def _quote(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


_WORD = re.compile(r"[^\W_]{3,64}")


def split(text: str) -> tuple[list[str], list[str], str]:
    """What a typed text asks for: words that must be there, words that must not, and how the last
    begins.

    `-word` must not be there; quotation marks mean nothing. The last word may be the beginning of a
    longer one, if it has three letters and nothing but letters and digits.
    """
    typed = text.replace('"', " ").replace("\0", " ").split()
    wanted = [word for word in typed if not word.startswith("-")]
    unwanted = [word[1:] for word in typed if word.startswith("-") and word.strip("-")]
    begins = ""
    if wanted and typed[-1] is wanted[-1] and _WORD.fullmatch(wanted[-1]):
        begins = wanted.pop()
    return wanted, unwanted, begins
