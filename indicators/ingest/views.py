"""The ingest API: each view reads a request, calls one function and answers."""

import re
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from indicators import pipeline
from indicators.detections.identifiers.intake import LineStatus
from indicators.detections.lookup import Match, lookup
from indicators.ingest import body, describe, jobs, limits, media, rehearsal
from indicators.ingest.answers import (
    FeedbackGiven,
    FeedbackTaken,
    LookupAnswer,
    LookupMatch,
    LookupQuestion,
    Posted,
    PostedLarge,
    as_json,
)
from indicators.ingest.door import Door, own_detector
from indicators.ingest.errors import Refused
from indicators.ingest.questions import read_question
from indicators.models import Policy, Scope, Verdict

#: A body of more lines is answered by counts; its job has the results by line.
AT_ONCE = 100
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class Detections(Door):
    scope = Scope.INGEST

    @extend_schema(**describe.POST_DETECTIONS)
    def post(self, request: Request) -> HttpResponse:
        http = request._request
        detector, credential = own_detector(self.caller), self.caller.credential_id
        name, coding = media.media_type(http), http.headers.get("Content-Encoding", "")
        key, is_dry = _idempotency_key(http), _is_dry_run(http)
        measure = body.Measure(name, body.unpacked(self.body, coding))
        if measure.is_blank:
            raise Refused(400, "The body has no detections.")
        limits.take_lines(credential, media.lines_in(name, measure))
        lines = media.read(name, body.unpacked(self.body, coding))
        with body.turn(measure.size):
            if is_dry:
                return as_json(rehearsal.rehearse(detector, lines))
            return _posted(pipeline.contribute(detector, credential, key, measure.digest, lines))


class Jobs(Door):
    scope = Scope.INGEST

    @extend_schema(**describe.GET_JOB)
    def get(self, request: Request, job_id: UUID) -> HttpResponse:
        return as_json(jobs.report(own_detector(self.caller), job_id))


class Lookup(Door):
    scope = Scope.LOOKUP

    @extend_schema(**describe.POST_LOOKUP)
    def post(self, request: Request) -> HttpResponse:
        asked = read_question(request._request, self.body, LookupQuestion).identifiers
        limits.take_lines(self.caller.credential_id, len(asked))
        found = lookup(asked, self.caller.member, datetime.now(UTC), actor=self.caller.credential)
        return as_json(LookupAnswer(tuple(tuple(map(_shown, each)) for each in found)))


class Feedback(Door):
    scope = Scope.FEEDBACK

    @extend_schema(**describe.POST_FEEDBACK)
    def post(self, request: Request) -> HttpResponse:
        given = read_question(request._request, self.body, FeedbackGiven)
        record = pipeline.feedback(
            own_detector(self.caller),
            given.uid,
            Verdict(given.verdict),
            actor=self.caller.credential,
        )
        return as_json(
            FeedbackTaken(
                given.uid,
                given.verdict,
                record.reviewed,
                record.false_positives,
                "publish" if record.policy == Policy.PUBLISH else "review",
            )
        )


def _posted(receipt: pipeline.Receipt) -> HttpResponse:
    job, results = receipt.job_id, tuple(receipt.results)
    counts = Counter(result.status for result in results)
    accepted, duplicate, rejected = (counts[status] for status in LineStatus)
    location = f"/ingest/v1/jobs/{job}"
    if len(results) > AT_ONCE:
        large = PostedLarge(job, accepted, duplicate, rejected)
        return as_json(large, status=202, Location=location)
    return as_json(Posted(job, accepted, duplicate, rejected, results), Location=location)


def _shown(match: Match) -> LookupMatch:
    marking = None if match.tlp is None else f"TLP:{match.tlp.value.upper()}"
    return LookupMatch(match.stix_id, match.kind, match.score, marking, match.action)


def _idempotency_key(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Refused(400, "Idempotency-Key has 1 to 200 visible ASCII characters.")
    return key


def _is_dry_run(request: HttpRequest) -> bool:
    """What is not clearly a yes or a no is refused, so that nothing is stored by mistake."""
    said = dict(request.GET.lists())
    if said in ({}, {"dry_run": ["false"]}):
        return False
    if said == {"dry_run": ["true"]}:
        return True
    raise Refused(400, "The only query parameter is dry_run, once: true or false.")
