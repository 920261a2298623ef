"""What the ingest API answers: these structs are sent, and their schemas are its description."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from indicators.detections.finding import Identifier
from indicators.detections.formats import LineError
from indicators.detections.identifiers.intake import LineResult
from indicators.detections.lookup import Action

JSON = "application/json"
VerdictName = Literal["true-positive", "false-positive", "inconclusive"]
#: Identifiers in one lookup.
MAX_IDENTIFIERS = 10_000


class Posted(msgspec.Struct, frozen=True):
    """What became of a small body, line by line."""

    job: UUID
    accepted: int
    duplicate: int
    rejected: int
    results: tuple[LineResult, ...]


class PostedLarge(msgspec.Struct, frozen=True):
    """What became of a large body; the job has the results by line."""

    job: UUID
    accepted: int
    duplicate: int
    rejected: int


class JobReport(msgspec.Struct, frozen=True):
    """A job: what became of its lines, and at which stage its detections are now."""

    job: UUID
    received_at: datetime
    accepted: int
    duplicate: int
    rejected: int
    stages: dict[str, int]
    results: tuple[LineResult, ...]


class Going(msgspec.Struct, frozen=True):
    """An object that peers would see."""

    role: str
    type: str


class Withheld(msgspec.Struct, frozen=True):
    """A field that would stay here, and why."""

    field: str
    reason: str


class Redaction(msgspec.Struct, frozen=True):
    """Of one finding: which objects go, how many tokens by kind, and what is withheld."""

    goes: tuple[Going, ...]
    tokenized: dict[str, int]
    withheld: tuple[Withheld, ...]


class RehearsedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What would become of a line that nobody sent before."""

    line: int
    status: Literal["accepted", "rejected"]
    uid: str | None = None
    errors: tuple[LineError, ...] = ()
    preview: Redaction | None = None


class Rehearsal(msgspec.Struct, frozen=True):
    """The answer to a dry run: nothing was stored."""

    accepted: int
    rejected: int
    results: tuple[RehearsedLine, ...]


class LookupQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raw identifiers; they are not stored."""

    identifiers: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=MAX_IDENTIFIERS)]


class LookupMatch(msgspec.Struct, frozen=True):
    """An indicator with the identifier's token; `score` is its confidence now, `action` the most
    that its marking permits before a person has looked."""

    indicator: str
    kind: str
    score: Annotated[int, Meta(ge=0, le=100)]
    marking: str | None
    action: Action


class LookupAnswer(msgspec.Struct, frozen=True):
    """For each identifier, in the order of the question: what is known. A match is a lead."""

    results: tuple[tuple[LookupMatch, ...], ...]


class FeedbackGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person found of one of the detector's findings, named by its uid."""

    uid: Annotated[str, Meta(min_length=1, max_length=200)]
    verdict: VerdictName


class FeedbackTaken(msgspec.Struct, frozen=True):
    """The detector's record after it: reviewed findings, and whether it still publishes."""

    uid: str
    verdict: VerdictName
    reviewed: int
    false_positives: int
    policy: Literal["publish", "review"]


def as_json(answer: msgspec.Struct, *, status: int = 200, **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = msgspec.json.encode(answer)
    return HttpResponse(body, status=status, content_type=JSON, headers=named)
