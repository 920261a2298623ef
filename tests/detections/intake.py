"""Findings for tests, and the door they come in by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import msgspec
from django.db import transaction

from indicators.detections.finding import Finding, Identifier
from indicators.detections.formats.line import Line
from indicators.detections.identifiers.intake import LineResult, accept
from indicators.models import Credential, Detector, Job

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_jobs: Iterator[int] = count()


def account(ref: str, **values: str) -> dict[str, Any]:
    """An account; `email="…"`, `payment_instrument="…"` name its identifiers."""
    found = [{"kind": kind.replace("_", "-"), "value": value} for kind, value in values.items()]
    return {"ref": ref, "identifiers": found}


def finding(uid: str = "f-1", revision: int = 1, **facts: Any) -> Finding:
    """A finding with one account, unless `facts` say something else."""
    number = uid.removeprefix("f-")
    told = {
        "uid": uid,
        "revision": revision,
        "cluster": {"key": f"cluster-{number}"},
        "accounts": [account(f"acct-{number}", email=f"account{number}@example.org")],
        **facts,
    }
    return msgspec.convert(told, Finding)


def line_of(found: Finding, number: int = 1) -> Line:
    return Line(number, found, msgspec.json.encode(found))


def identifiers(*pairs: tuple[str, str]) -> list[Identifier]:
    return [msgspec.convert({"kind": kind, "value": value}, Identifier) for kind, value in pairs]


@dataclass
class Intake:
    """What a detector sends, a job a POST."""

    credential: Credential

    @property
    def detector(self) -> Detector:
        assert self.credential.detector is not None
        return self.credential.detector

    def post(self, *findings: Finding) -> list[LineResult]:
        return self.post_lines([line_of(found, n) for n, found in enumerate(findings, 1)])

    def post_lines(self, lines: list[Line], *, now: datetime = NOW) -> list[LineResult]:
        with transaction.atomic():
            return accept(self.detector, self.job().pk, lines, now)

    def job(self) -> Job:
        return Job.objects.create(
            id=uuid4(),
            credential=self.credential,
            idempotency_key=f"job-{next(_jobs)}",
            body_digest=bytes(32),
            received_at=NOW,
            accepted_count=0,
            duplicate_count=0,
            rejected_count=0,
            results=b"",
        )
