"""STIX patterns (STIX 2.1 §9): is this text a pattern?

The answer takes linear time and no recursion, whatever the text: a regular expression recognizes
the forms that we author, an automaton with a stack of open brackets reads all others. Nothing is
ever matched here, MATCHES least of all.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, NoReturn

from indicators.stix.timestamps import is_timestamp, order_key

MAX_BYTES = 64 * 1024
MAX_DEPTH = 64
"""Brackets of any kind that may be open at one place of a pattern."""

_CACHED_CHARACTERS = 2048  # longer patterns are rarely repeated and would make the cache heavy


class MalformedPattern(ValueError):
    """The text is no STIX pattern; the message says where and why."""


def check_pattern(pattern: str) -> None:
    """Return if pattern is a STIX 2.1 pattern within our limits, else raise MalformedPattern."""
    check_pattern_size(pattern)
    if _AUTHORED.fullmatch(pattern):
        return
    fault = _fault_cached(pattern) if len(pattern) <= _CACHED_CHARACTERS else _fault(pattern)
    if fault:
        raise MalformedPattern(fault)


def check_pattern_size(pattern: str) -> None:
    """The only limit for languages that we do not read (sigma, yara, snort, pcre …)."""
    if len(pattern) * 4 > MAX_BYTES and len(pattern.encode()) > MAX_BYTES:
        raise MalformedPattern(f"has more than {MAX_BYTES} bytes: split it into several indicators")


# The forms that we author, and the plainest of everyone else's: a set of tokens, or comparisons of
# properties with literals. All quantifiers that could compete are possessive: no backtracking.
_TOKEN_LITERAL = r"'psi1\.[a-z2-7]{8}\.[A-Za-z0-9_-]{22}'"  # noqa: S105 - a form, no secret
_PLAIN_PATH = (
    r"(?!true:|false:)(?=[a-z0-9-]{3})[a-z][a-z0-9]{0,30}(?:-[a-z0-9]{1,30}){0,3}"
    r":(?!true|false|hashes)[a-z_]{3,60}"
)
_PLAIN_TEXT = r"'[^'\\]*+'"
_PLAIN_NUMBER = r"(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+"
_PLAIN_COMPARISON = (
    rf"(?:{_PLAIN_PATH} (?:(?:>=|<=|!=|=|>|<) (?:{_PLAIN_TEXT}|{_PLAIN_NUMBER})"
    rf"|(?:LIKE|MATCHES) {_PLAIN_TEXT})|file:hashes\.'SHA-256' = '[0-9a-fA-F]{{64}}')"
)
_AUTHORED = re.compile(
    rf"\[identifier-token:value IN \({_TOKEN_LITERAL}(?:, ?{_TOKEN_LITERAL})*+\)\]"
    rf"|\[{_PLAIN_COMPARISON}(?: (?:AND|OR) {_PLAIN_COMPARISON})*+\]"
)


@lru_cache(maxsize=4096)
def _fault_cached(pattern: str) -> str | None:
    return _fault(pattern)


def _fault(pattern: str) -> str | None:
    try:
        _Reader(pattern).read()
    except MalformedPattern as fault:
        return str(fault)
    return None


# --- Tokens ---

_TOKEN = re.compile(
    r"""(?P<space>[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]++
        |/\*.*?\*/|//[^\r\n]*+)
    |(?P<timestamp>t'[0-9T:.Z-]{20,64}')
    |(?P<hex>h'(?:[0-9a-fA-F]{2})*+')
    |(?P<binary>b'(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?')
    |(?P<string>'(?:[^'\\]++|\\['\\])*+')
    |(?P<float>[+-]?[0-9]*+\.[0-9]++)
    |(?P<integer>[+-]?(?:0|[1-9][0-9]*+))
    |(?P<word>[A-Za-z_][A-Za-z0-9_-]*+)
    |(?P<mark><=|>=|<>|!=|==|[=<>:.,*()\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset(
    {"AND", "OR", "NOT", "FOLLOWEDBY", "LIKE", "MATCHES", "ISSUPERSET", "ISSUBSET", "EXISTS"}
    | {"IN", "START", "STOP", "SECONDS", "TIMES", "WITHIN", "REPEATS", "true", "false"}
)
_ORDERABLE = frozenset({"timestamp", "hex", "binary", "string", "float", "integer"})
_PRIMITIVE = _ORDERABLE | {"true", "false"}
_EQUALITY = frozenset({"=", "==", "!=", "<>"})
_ORDERING = frozenset({"<", "<=", ">", ">="})
_TEXTUAL = frozenset({"LIKE", "MATCHES", "ISSUPERSET", "ISSUBSET"})
_JOINS = frozenset({"AND", "OR"})
_QUALIFIERS = frozenset({"START", "WITHIN", "REPEATS"})
_STEP = frozenset({"name", "string"})
_INDEX = frozenset({"integer", "*"})
_CLOSING = frozenset({"]"})
_END = "the end"


class Lexeme(NamedTuple):
    """kind: a name of `_TOKEN`, "name" for a word without hyphen, else the text itself."""

    kind: str
    text: str
    offset: int


def lexemes(pattern: str) -> Iterator[Lexeme]:
    """The words of a pattern, with `_END` behind them; raises MalformedPattern."""
    end = 0
    for match in _TOKEN.finditer(pattern):
        offset = match.start()
        if offset != end:
            break
        end = match.end()
        group, text = match.lastgroup or "", match[0]
        if group == "space":
            continue
        if group == "mark" or text in _KEYWORDS:
            group = text
        elif group == "word":
            group = "hyphenated" if "-" in text else "name"
        yield Lexeme(group, text, offset)
    if end != len(pattern):
        raise MalformedPattern(f"has a character at {end} that starts nothing known")
    yield Lexeme(_END, "", end)


# --- The automaton ---

_TYPE = re.compile(r"(?=.{3,250}\Z)-?[a-z0-9]+(?:-[a-z0-9]+)*-?", re.ASCII)
_PROPERTY = re.compile(r"[a-z0-9_]{3,250}|id", re.ASCII)
_HASH_DIGITS = {"MD5": 32, "SHA1": 40, "SHA256": 64, "SHA512": 128, "SHA3256": 64, "SHA3512": 128}
_HASH_DIGITS |= {"RIPEMD160": 40, "SHA224": 56, "SHA384": 96, "SHA3224": 56, "SHA3384": 96}
_HASH_DIGITS |= {"WHIRLPOOL": 128}
_SSDEEP = re.compile(r"[A-Za-z0-9/+:.]{1,128}", re.ASCII)


class _Reader:
    """Reads a pattern token by token; `_open` holds the brackets that still want closing."""

    def __init__(self, pattern: str) -> None:
        self._tokens = lexemes(pattern)
        self._next = next(self._tokens)
        self._open: list[str] = []
        self._inside = False  # between [ and ], where comparisons stand

    def read(self) -> None:
        while True:
            self._read_operand()
            if not self._read_operator():
                return

    def _read_operand(self) -> None:
        """Any number of opening brackets, then one comparison."""
        while True:
            if self._next.kind == "(":
                self._enter("(")
            elif self._inside:
                self._read_comparison()
                return
            elif self._next.kind == "[":
                self._enter("[")
                self._inside = True
            else:
                self._fail("an observation in square brackets")

    def _read_operator(self) -> bool:
        """Any number of closing brackets with qualifiers, then an operator or the end."""
        while True:
            kind = self._next.kind
            if kind in _JOINS or (kind == "FOLLOWEDBY" and not self._inside):
                self._take()
                return True
            if kind == "]" and self._inside and self._open[-1] == "[":
                self._inside = False
            elif kind != ")" or not self._open or self._open[-1] != "(":
                break
            self._open.pop()
            self._take()
            if not self._inside:
                self._read_qualifiers()
        if kind != _END or self._open:
            self._fail(f"what closes {self._open[-1]}" if self._open else "an operator or the end")
        return False

    def _enter(self, bracket: str) -> None:
        if len(self._open) == MAX_DEPTH:
            raise MalformedPattern(f"nests more than {MAX_DEPTH} brackets: flatten it")
        self._open.append(bracket)
        self._take()

    def _read_qualifiers(self) -> None:
        seen: set[str] = set()
        while self._next.kind in _QUALIFIERS:
            kind = self._take().kind
            if kind in seen:
                raise MalformedPattern(f"repeats the qualifier {kind}")
            seen.add(kind)
            if kind == "START":
                self._read_window()
            elif kind == "WITHIN":
                self._expect(frozenset({"integer", "float"}), "a number of seconds", signed=False)
                self._expect(frozenset({"SECONDS"}), "SECONDS")
            else:
                self._expect(frozenset({"integer"}), "a number of times", signed=False)
                self._expect(frozenset({"TIMES"}), "TIMES")

    def _read_window(self) -> None:
        timestamp = frozenset({"timestamp"})
        start = self._expect(timestamp, "a timestamp")
        self._expect(frozenset({"STOP"}), "STOP")
        stop = self._expect(timestamp, "a timestamp")
        if order_key(stop.text[2:-1]) <= order_key(start.text[2:-1]):
            raise MalformedPattern(f"has a STOP that is not later than its START, at {stop.offset}")

    def _read_comparison(self) -> None:
        negated = self._accept("NOT")
        if self._accept("EXISTS"):
            self._read_path()
            return
        if negated:
            self._fail("EXISTS")
        algorithm = self._read_path()
        self._accept("NOT")
        operator = self._take()
        if operator.kind in _EQUALITY:
            self._check_hash(algorithm, self._expect(_PRIMITIVE, "a literal"))
        elif operator.kind in _ORDERING:
            self._check_hash(algorithm, self._expect(_ORDERABLE, "a literal that has an order"))
        elif operator.kind in _TEXTUAL:
            self._expect(frozenset({"string"}), "a text in single quotes")
        elif operator.kind == "IN":
            self._read_set(algorithm)
        else:
            self._fail("a comparison operator", operator)

    def _read_path(self) -> str | None:
        """Returns the hash algorithm that the path names, if it names one."""
        kind = self._expect(frozenset({"name", "hyphenated"}), "an object type")
        if not _TYPE.fullmatch(kind.text):
            raise MalformedPattern(f"has no type name at {kind.offset}: a-z, 0-9 and hyphens")
        self._expect(frozenset({":"}), "a colon")
        first = self._expect(_STEP, "a property")
        if not _PROPERTY.fullmatch(first.text.strip("'")):
            raise MalformedPattern(f"has no property name at {first.offset}: a-z, 0-9 and _")
        names = [first.text.strip("'")]
        while self._next.kind in (".", "["):
            if self._take().kind == ".":
                names.append(self._expect(_STEP, "a property").text.strip("'"))
            else:
                self._expect(_INDEX, "an index or *", signed=False)
                self._expect(_CLOSING, "]")
        return names[-1] if "hashes" in names else None

    def _read_set(self, algorithm: str | None) -> None:
        self._expect(frozenset({"("}), "a set in parentheses")
        if self._accept(")"):
            return
        while True:
            self._check_hash(algorithm, self._expect(_PRIMITIVE, "a literal"))
            if self._expect(frozenset({",", ")"}), "a comma or )").kind == ")":
                return

    def _check_hash(self, algorithm: str | None, literal: Lexeme) -> None:
        """A hash of the wrong form can never match, so it is a mistake (STIX 2.1 §2.7)."""
        name = (algorithm or "").upper().replace("-", "")
        value = literal.text.strip("'")
        digits = _HASH_DIGITS.get(name)
        if digits and not re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", value, re.ASCII):
            raise MalformedPattern(f"has no {algorithm} hash at {literal.offset}")
        if name == "SSDEEP" and not _SSDEEP.fullmatch(value):
            raise MalformedPattern(f"has no {algorithm} hash at {literal.offset}")

    def _expect(self, kinds: frozenset[str], wanted: str, *, signed: bool = True) -> Lexeme:
        token = self._next
        if token.kind not in kinds or (not signed and token.text.startswith("-")):
            self._fail(wanted)
        if token.kind == "timestamp" and not is_timestamp(token.text[2:-1]):
            self._fail("a timestamp of a day and time that exist")
        return self._take()

    def _accept(self, kind: str) -> bool:
        if self._next.kind != kind:
            return False
        self._take()
        return True

    def _take(self) -> Lexeme:
        token = self._next
        if token.kind != _END:
            self._next = next(self._tokens)
        return token

    def _fail(self, wanted: str, found: Lexeme | None = None) -> NoReturn:
        raise MalformedPattern(
            f"is no STIX pattern: {wanted} is missing at {(found or self._next).offset}"
        )
