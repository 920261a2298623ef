"""The words of a catalog row, and a question as one query over words. Pure.

Each filter is a word too: `T/indicator`, `M/2`. They begin with a capital letter, which no word of
a text does, so that nobody types one. One index over all of them answers every combination.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

#: Rows whose numbers share all but these bits share a word: a page is looked for bucket by bucket.
BUCKET_BITS = 15
#: What every row has, so that a question of only what must not be there has where to begin.
EVERY = "A"
_DAYS_OF_FEBRUARY = 28


def bucket_of(number: int) -> int:
    """The bucket that a row's number falls into."""
    return number >> BUCKET_BITS


def confidence_words(confidence: int | None) -> list[str]:
    """The words of a confidence from 0 to 100: itself, and its ten."""
    return ["C/-"] if confidence is None else [f"C/{confidence}", f"C/{confidence // 10}x"]


def confidence_range(least: int, most: int) -> list[str]:
    """The fewest words of which a confidence from `least` to `most` has one."""
    words, at = [], max(least, 0)
    while at <= min(most, 100):
        if at % 10 == 0 and at + 9 <= most:
            words.append(f"C/{at // 10}x")
            at += 10
        else:
            words.append(f"C/{at}")
            at += 1
    return words


def day_words(day: date) -> list[str]:
    """The words of a day: itself, its month, its year."""
    return [f"Y/{day:%Y}", f"Q/{day:%Y-%m}", f"D/{day:%Y-%m-%d}"]


def day_range(first: date, last: date) -> list[str]:
    """The fewest words of which a day from `first` to `last` has one."""
    return list(_days(first, last))


def _days(first: date, last: date) -> Iterator[str]:
    at = first
    while at <= last:
        year_ends, month_ends = date(at.year, 12, 31), _end_of_month(at)
        if (at.month, at.day) == (1, 1) and year_ends <= last:
            yield f"Y/{at:%Y}"
            end = year_ends
        elif at.day == 1 and month_ends <= last:
            yield f"Q/{at:%Y-%m}"
            end = month_ends
        else:
            yield f"D/{at:%Y-%m-%d}"
            end = at
        if end == date.max:
            return
        at = end + timedelta(days=1)


def _end_of_month(day: date) -> date:
    if (day.year, day.month) == (9999, 12):
        return date.max
    beyond = day.replace(day=_DAYS_OF_FEBRUARY) + timedelta(days=4)
    return beyond.replace(day=1) - timedelta(days=1)


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
