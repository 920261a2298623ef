"""What each operation takes and answers, for the OpenAPI description."""

from typing import Any

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from indicators.detections.finding import Finding
from indicators.detections.formats import LIMITS
from indicators.detections.formats.schema import finding_components
from indicators.ingest import answers, examples
from indicators.ingest.errors import PROBLEM, Problem

TITLE = "Retort ingest API"
ABOUT = f"""\
Detections in; jobs, matches and a detector's record out.

Every request shows an API key: `Authorization: Bearer retort_…`, or HTTP Basic with the
credential's name and the key. A credential opens the doors of its scopes: `ingest`, `lookup`,
`feedback`. Where it has a public key, requests may, or must, be signed (RFC 9421: `@method`,
`@target-uri`, `content-digest`; `created`, `nonce`, `keyid`, `alg="ed25519"`).

A body has at most {LIMITS.lines:,} lines and unpacks to at most {LIMITS.body_bytes // 2**20} MiB;
`Content-Encoding: gzip` is understood. Raw prompts are refused, always. 429 and 503 say in
`Retry-After` when to try again. Faults come as RFC 9457 problems and never repeat a value.
"""
_STRUCTS = (
    Finding,
    Problem,
    answers.Posted,
    answers.PostedLarge,
    answers.JobReport,
    answers.Rehearsal,
    answers.LookupQuestion,
    answers.LookupAnswer,
    answers.FeedbackGiven,
    answers.FeedbackTaken,
)
_NDJSON, _JSON = "application/x-ndjson", "application/json"
_REFUSALS = {
    400: "The request, or the body's JSON or gzip, is malformed",
    401: "No credential, one that opens nothing, or a signature that is missing or wrong",
    403: "The credential lacks the scope, or speaks for no detector",
    404: "There is no such job, or finding, of this detector",
    408: "The body came too slowly",
    409: "This Idempotency-Key was used with another body",
    413: "The body is too large",
    415: "A media type, charset or content coding that is not understood",
    422: "The body doesn't match the schema",
    429: "Too many requests or lines; Retry-After says when to go on",
    503: "The database, or the key-holder, does not answer; try again",
}
_ALWAYS = (400, 401, 403, 429, 503)


def components() -> dict[str, Any]:
    """The schemas of all structs, by name."""
    _, found = msgspec.json.schema_components(_STRUCTS, ref_template=_REF)
    return found | finding_components(_REF)[1]


def _ref(struct: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=struct.__name__)}


_REF = "#/components/schemas/{name}"


def _answers(given: dict[int, Any], *refusals: int) -> dict[Any, Any]:
    problems = {
        (status, PROBLEM): OpenApiResponse(_ref(Problem), _REFUSALS[status])
        for status in sorted({*_ALWAYS, *refusals})
    }
    return {(status, _JSON): answer for status, answer in given.items()} | problems


def _lines(what: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": what, **(schema or {})}


_DRY_RUN = OpenApiParameter(
    "dry_run",
    enum=["true", "false"],
    description="Check every line and show the redaction preview; store nothing.",
)
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,200}$"},
    OpenApiParameter.HEADER,
    description="The same key with the same body gets the same answer and stores nothing twice.",
)
_LOCATION = OpenApiParameter(
    "Location",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200, 202],
    description="The job, with the results by line and the progress of its detections.",
)

POST_DETECTIONS: dict[str, Any] = {
    "operation_id": "postDetections",
    "tags": ["Detections"],
    "summary": "Send detections",
    "description": (
        "A finding a line. (detector, uid, revision) names it: sent again it is a duplicate, a"
        " higher revision takes its place, `status: closed` ends it. One bad line never fails the"
        " others. Up to 100 lines are answered by line, more by counts and a job."
    ),
    "parameters": [_DRY_RUN, _IDEMPOTENCY_KEY, _LOCATION],
    "request": {
        _NDJSON: _lines("JSON lines, each a `Finding`."),
        "application/x-ocsf+ndjson": _lines("JSON lines, each an OCSF Detection Finding (2004)."),
        _JSON: {
            "type": "object",
            "description": "One OCSF Detection Finding.",
            "required": ["class_uid"],
            "properties": {"class_uid": {"const": 2004}},
        },
        "application/stix+json;version=2.1": {
            "type": "object",
            "description": "A STIX 2.1 bundle; observables are taken for raw identifiers.",
            "required": ["type", "id", "objects"],
            "properties": {
                "type": {"const": "bundle"},
                "id": {"type": "string"},
                "objects": {"type": "array", "items": {"type": "object"}},
            },
        },
        "text/csv": _lines("A header row, then an identifier a row; for people."),
    },
    "responses": _answers(
        {
            200: OpenApiResponse(
                {"anyOf": [_ref(answers.Posted), _ref(answers.Rehearsal)]},
                "What became of each line; of a dry run: what would become of it",
            ),
            202: OpenApiResponse(_ref(answers.PostedLarge), "Stored; the job has the results"),
        },
        408,
        409,
        413,
        415,
    ),
    "examples": examples.DETECTIONS,
}
GET_JOB: dict[str, Any] = {
    "operation_id": "getJob",
    "tags": ["Detections"],
    "summary": "What became of a body",
    "description": "Results by line, and how many of its detections are at which stage.",
    "responses": _answers({200: OpenApiResponse(_ref(answers.JobReport), "The job")}, 404),
}
POST_LOOKUP: dict[str, Any] = {
    "operation_id": "postLookup",
    "tags": ["Lookup"],
    "summary": "Are these identifiers known?",
    "description": (
        "Raw identifiers in, matches out, in the same order. A match is a lead for a person,"
        " never a verdict. What was asked is not stored; that it was asked is audited."
    ),
    "request": {_JSON: _ref(answers.LookupQuestion)},
    "responses": _answers(
        {200: OpenApiResponse(_ref(answers.LookupAnswer), "The matches of each identifier")},
        408,
        413,
        415,
        422,
    ),
    "examples": [OpenApiExample("Two identifiers", examples.LOOKUP, request_only=True)],
}
POST_FEEDBACK: dict[str, Any] = {
    "operation_id": "postFeedback",
    "tags": ["Feedback"],
    "summary": "What a person found of a finding",
    "description": (
        "Counts for the detector's record. A false positive is withheld, and revoked where it was"
        " published; too many of them, and the detector's drafts wait for a person."
    ),
    "request": {_JSON: _ref(answers.FeedbackGiven)},
    "responses": _answers(
        {200: OpenApiResponse(_ref(answers.FeedbackTaken), "The detector's record")},
        404,
        408,
        413,
        415,
        422,
    ),
    "examples": [OpenApiExample("A false positive", examples.FEEDBACK, request_only=True)],
}
