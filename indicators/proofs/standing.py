"""What becomes of a step of a proof, as it is told to people. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    HOLDS = "holds"
    OPEN = "open"
    ABSENT = "absent"
    BROKEN = "broken"


Fact = tuple[str, str | int | datetime]


@dataclass(frozen=True, slots=True)
class Step:
    """What was checked, what came of it in a sentence, and what that means if it is not well."""

    number: int
    title: str
    standing: Standing
    sentence: str
    meaning: str = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a step that is not broken came to."""

    standing: Standing
    sentence: str
    facts: tuple[Fact, ...] = ()
