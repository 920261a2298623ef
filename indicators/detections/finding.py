"""What a detector says of a campaign, in our own words: every format is read into these.

The structs are the native schema: names, limits and descriptions here are what the ingest door
checks and what its OpenAPI description shows. Times are UTC; counts are whole numbers; ratios and
scores lie between 0 and 1.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Ratio = Annotated[float, Meta(ge=0, le=1)]
# STIX counts end there (sighting.count, number_observed).
Whole = Annotated[int, Meta(ge=0, le=999_999_999)]
Positive = Annotated[int, Meta(ge=1, le=999_999_999)]
Term = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*(?!\n)$", max_length=64)]
Terms = Annotated[tuple[Term, ...], Meta(max_length=50)]
Short = Annotated[str, Meta(min_length=1, max_length=200)]
Region = Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$")]
Time = Annotated[datetime, Meta(tz=True)]
WindowSeconds = Annotated[int, Meta(ge=60, le=31_622_400)]

IdentifierKind = Literal[
    "email",
    "phone",
    "ip",
    "domain",
    "device",
    "payment-instrument",
    "wallet",
    "organisation",
]
Qualifier = Literal["exact", "approx", "gt", "ge", "lt", "le", "order-of-magnitude"]
CoordinationMethod = Literal[
    "synchrony-graph",
    "shared-attribute-graph",
    "dense-subgraph",
    "prompt-near-duplicate",
    "distribution-test",
    "manual-analysis",
    "reported-by-third-party",
]
Tlp = Literal["clear", "green", "amber", "amber+strict", "red"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A field that the schema doesn't have is an error: raw prompts travel under many names."""


class Count(Strict, frozen=True):
    """A number and how sure it is; `as_reported` is free text and never shared."""

    value: Whole
    qualifier: Qualifier = "exact"
    as_reported: Annotated[str, Meta(max_length=500)] | None = None


class Identifier(Strict, frozen=True):
    """A raw identifier. `region` (ISO 3166) is needed for phone numbers in national form."""

    kind: IdentifierKind
    value: Annotated[str, Meta(min_length=1, max_length=1024)]
    region: Region | None = None


class SeenAccount(Strict, frozen=True):
    """An account of the cluster. `ref` is the lab's own name for it and never leaves the node."""

    ref: Annotated[str, Meta(min_length=1, max_length=256)]
    identifiers: Annotated[tuple[Identifier, ...], Meta(max_length=100)] = ()
    segment: Term | None = None
    person_names: Annotated[tuple[Short, ...], Meta(max_length=10)] = ()
    first_seen: Time | None = None
    last_seen: Time | None = None


class SeenCluster(Strict, frozen=True):
    """`key` is the detector's own and stable while accounts come and go; only a pseudonym of it
    is ever shared."""

    key: Annotated[str, Meta(min_length=1, max_length=200)]
    size: Count | None = None
    first_seen: Time | None = None
    last_seen: Time | None = None


class Window(Strict, frozen=True):
    """Traffic of the cluster in one window of time; the fields of ai-traffic-aggregate."""

    start: Time
    seconds: WindowSeconds
    account_count: Positive
    request_count: Positive
    prompt_variant_count: Whole | None = None
    prompt_template_count: Whole | None = None
    distinct_capability_count: Whole | None = None
    top_capability: Term | None = None
    payment_instrument_count: Whole | None = None
    synchrony_score: Ratio | None = None
    synchrony_window_seconds: Positive | None = None
    cot_elicitation_ratio: Ratio | None = None
    rubric_grading_ratio: Ratio | None = None
    model_share_shift_24h: Ratio | None = None
    hours_since_model_release: Annotated[float, Meta(ge=0)] | None = None
    output_token_total: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None
    unrelated_traffic_ratio: Ratio | None = None


class SharedAttribute(Strict, frozen=True):
    """An attribute that several accounts have in common."""

    kind: Term
    distinct_values: Positive
    accounts_covered: Positive


class Coordination(Strict, frozen=True):
    """How the accounts were found to act together."""

    method: CoordinationMethod
    score: Ratio | None = None
    time_window_seconds: Positive | None = None
    similarity_metric: Literal["jaccard", "cosine", "tanimoto", "overlap", "other"] | None = None
    similarity_threshold: Ratio | None = None
    p_value: Ratio | None = None
    shared_attributes: Annotated[tuple[SharedAttribute, ...], Meta(max_length=50)] = ()
    traits: Terms = ()


class ModelTarget(Strict, frozen=True):
    """A model that the campaign extracts from."""

    provider: Annotated[str, Meta(min_length=1, max_length=100)]
    family: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    model: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    version: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class Pivot(Strict, frozen=True):
    """Traffic that moved after an event, e.g. to a model within hours of its release."""

    trigger: Literal[
        "target-model-release", "account-ban-wave", "rate-limit-change", "price-change", "other"
    ]
    trigger_time: Time | None = None
    latency_hours: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    traffic_share_redirected: Ratio | None = None
    to_model: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class PromptFingerprint(Strict, frozen=True):
    """A MinHash-128 of a slot-masked prompt template, in base64 (512 bytes: 128 numbers of 32 bits,
    big-endian), as `federation.pseudonyms.fingerprint.minhash` makes it. Never the prompt."""

    minhash: Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{683}=(?!\n)$")]
    variant_count: Whole | None = None


class Sharing(Strict, frozen=True):
    """The detector's wish; the node's policy and the collection's audience decide."""

    tlp: Tlp | None = None
    collection: Annotated[str, Meta(max_length=64)] | None = None


class Finding(Strict, frozen=True):
    """One revision of one finding about one cluster: a line of `POST /ingest/v1/detections`."""

    uid: Short
    cluster: SeenCluster
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 1
    status: Literal["open", "closed"] = "open"
    closed_because: Literal["resolved", "false-positive"] | None = None
    detected_at: Time | None = None
    title: Short | None = None
    description: Annotated[str, Meta(max_length=4000)] | None = None
    confidence: Annotated[int, Meta(ge=0, le=100)] | None = None
    expected_false_positive_rate: Ratio | None = None
    detector_version: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    interaction_count: Count | None = None
    output_token_count: Count | None = None
    coordination: Coordination | None = None
    windows: Annotated[tuple[Window, ...], Meta(max_length=1000)] = ()
    capability_targets: Terms = ()
    elicitation_techniques: Terms = ()
    training_purposes: Terms = ()
    access_paths: Terms = ()
    model_targets: Annotated[tuple[ModelTarget, ...], Meta(max_length=50)] = ()
    pivots: Annotated[tuple[Pivot, ...], Meta(max_length=50)] = ()
    prompt_fingerprints: Annotated[tuple[PromptFingerprint, ...], Meta(max_length=1000)] = ()
    accounts: Annotated[tuple[SeenAccount, ...], Meta(max_length=50_000)] = ()
    sharing: Sharing = Sharing()
