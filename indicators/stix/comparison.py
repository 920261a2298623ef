"""Patterns that compare the properties of one object: read once, then asked of many objects.

The comparison subset of STIX 2.1 §9: one observation; comparisons of plain properties with
literals by =, !=, <, <=, >, >= and IN, each with or without NOT; AND, OR and parentheses. AND binds
tighter. A property that an object lacks compares as nothing, whatever the operator; values of other
types are unequal and have no order. All else is refused: nothing is guessed, MATCHES never runs.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from indicators.stix.patterns import Lexeme, MalformedPattern, check_pattern, lexemes
from indicators.stix.timestamps import is_timestamp, order_key


class NotComparable(ValueError):
    """The pattern is no plain comparison of one object's properties; the message says why."""


#: (is it a number, a text, a time or a truth value; the value)
_Literal = tuple[str, Any]


class Test(NamedTuple):
    """One comparison of `type_name:property` with a literal, or with a set of them for IN."""

    type_name: str
    name: str
    operator: str
    literals: tuple[_Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pattern as read: tests and the operators over them, in postfix order."""

    steps: tuple[Test | str, ...]

    def holds(self, value: Mapping[str, Any]) -> bool:
        """Whether the object meets the pattern; takes time linear in the pattern."""
        stack: list[bool] = []
        for step in self.steps:
            if isinstance(step, Test):
                stack.append(_passes(step, value))
            else:
                last = stack.pop()
                stack[-1] = (stack[-1] and last) if step == "AND" else (stack[-1] or last)
        return stack[0]

    def types(self) -> set[str]:
        """The types of object that the pattern speaks of."""
        return {step.type_name for step in self.steps if isinstance(step, Test)}


def read_comparison(pattern: str) -> Comparison:
    """The pattern, ready to be asked; raises NotComparable if it is beyond the subset."""
    return _read_cached(pattern) if len(pattern) <= _CACHED_CHARACTERS else _read(pattern)


def _read(pattern: str) -> Comparison:
    try:
        check_pattern(pattern)
        words = iter(list(lexemes(pattern)))
    except MalformedPattern as fault:
        raise NotComparable(f"The pattern {fault}.") from fault
    return Comparison(tuple(_postfix(words)))


_CACHED_CHARACTERS = 2048  # longer ones are rare and would make the cache heavy
_read_cached = lru_cache(maxsize=1024)(_read)


_ESCAPED = re.compile(r"\\(.)")
_MOST_DIGITS = 40
_PRECEDENCE = {"OR": 1, "AND": 2}


def _postfix(words: Iterator[Lexeme]) -> Iterator[Test | str]:
    """Comparisons and operators in postfix order (a shunting yard; the pattern is well-formed)."""
    if next(words).kind != "[":
        raise NotComparable("The pattern is not one observation in square brackets.")
    waiting: list[str] = []
    for word in words:
        if word.kind == "(":
            waiting.append("(")
        elif word.kind in _PRECEDENCE:
            while waiting and _PRECEDENCE.get(waiting[-1], 0) >= _PRECEDENCE[word.kind]:
                yield waiting.pop()
            waiting.append(word.kind)
        elif word.kind == ")":
            while waiting[-1] != "(":
                yield waiting.pop()
            waiting.pop()
        elif word.kind == "]":
            break
        else:
            yield _test(word, words)
    yield from reversed(waiting)
    if next(words).text:
        raise NotComparable("The pattern has more than one observation, or qualifies it.")


def _test(first: Lexeme, words: Iterator[Lexeme]) -> Test:
    """One comparison: type, colon, property, operator, literal or set."""
    if first.kind not in ("name", "hyphenated"):
        raise NotComparable(f"The pattern asks for {first.text}, which is not compared here.")
    next(words)
    name = next(words).text.strip("'")
    sign = next(words)
    negated = sign.kind == "NOT"
    if negated:
        sign = next(words)
    if sign.kind in _SIGNS:
        literals: tuple[_Literal, ...] = (_literal(next(words)),)
    elif sign.kind == "IN":
        literals = tuple(_set(words))
    else:
        raise NotComparable(
            f"The pattern uses {sign.text} at {sign.offset}, which is not read here."
        )
    return Test(first.text, name, _SIGNS.get(sign.kind, sign.kind), literals, negated)


def _set(words: Iterator[Lexeme]) -> Iterator[_Literal]:
    next(words)
    for word in words:
        if word.kind == ")":
            return
        if word.kind != ",":
            yield _literal(word)


def _literal(word: Lexeme) -> _Literal:
    if word.kind in ("integer", "float") and len(word.text) > _MOST_DIGITS:
        raise NotComparable(f"The pattern has more than {_MOST_DIGITS} digits at {word.offset}.")
    match word.kind:
        case "integer":
            return "number", int(word.text)
        case "float":
            return "number", float(word.text)
        case "string":
            return "text", _ESCAPED.sub(r"\1", word.text[1:-1])
        case "timestamp":
            return "time", order_key(word.text[2:-1])
        case "true" | "false":
            return "truth", word.kind == "true"
    raise NotComparable(f"The pattern compares bytes at {word.offset}, which is not done here.")


_SIGNS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _passes(test: Test, value: Mapping[str, Any]) -> bool:
    if value.get("type") != test.type_name or test.name not in value:
        return False
    found = value[test.name]
    if test.operator in _ORDERS:
        kind, literal = test.literals[0]
        ours = _as_kind(kind, found)
        if ours is None or kind == "truth":
            return False  # there is no order, so neither does its opposite hold
        passes = _ORDERS[test.operator](ours, literal)
    else:
        passes = any(_as_kind(kind, found) == literal for kind, literal in test.literals)
        if test.operator == "!=":
            passes = not passes
    return passes is not test.negated


def _as_kind(kind: str, value: Any) -> Any:
    """The value as one of the literal's kind; None if it is none."""
    match kind:
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        case "text" if isinstance(value, str):
            return value
        case "time" if isinstance(value, str) and is_timestamp(value):
            return order_key(value)
        case "truth" if isinstance(value, bool):
            return value
    return None
