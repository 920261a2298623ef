"""OCSF Detection Finding (class 2004), one event a finding. README.md has the table of fields."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

import orjson
from msgspec import Meta, Struct

from federation.canonical import JSON, MalformedJSON, parse
from indicators.detections.finding import (
    Coordination,
    CoordinationMethod,
    Count,
    Identifier,
    IdentifierKind,
    ModelTarget,
    Pivot,
    PromptFingerprint,
    Ratio,
    SeenAccount,
    Strict,
    Terms,
    Tlp,
)
from indicators.detections.formats.assembly import Assembly, revision_at
from indicators.detections.formats.extension_forms import (
    Aggregate,
    CampaignProperties,
    CoordinationEvidence,
)
from indicators.detections.formats.faults import prompt_faults, syntax_fault
from indicators.detections.formats.line import LIMITS, Limits, Line, LineError, refused
from indicators.detections.formats.splitting import pieces, whole

Millis = Annotated[int, Meta(ge=946_684_800_000, le=4_102_444_800_000)]
"""OCSF's timestamp_t, from 2000 to 2100."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_METHODS = frozenset(get_args(CoordinationMethod))
_CLOSE = 3
_CLOSED_BECAUSE = {3: "false-positive", 4: "resolved", 5: None, 6: None}
_OBSERVABLE_KINDS: dict[int | None, IdentifierKind] = {1: "domain", 2: "ip", 5: "email"}


class Analytic(Struct, frozen=True):
    name: str | None = None
    version: str | None = None


class FindingInfo(Struct, frozen=True):
    uid: str
    title: str | None = None
    desc: str | None = None
    first_seen_time: Millis | None = None
    last_seen_time: Millis | None = None
    modified_time: Millis | None = None
    analytic: Analytic | None = None


class Product(Struct, frozen=True):
    version: str | None = None


class Metadata(Struct, frozen=True):
    product: Product | None = None
    sequence: Annotated[int, Meta(ge=1)] | None = None


class User(Struct, frozen=True):
    uid: str | None = None
    name: str | None = None
    full_name: str | None = None
    email_addr: str | None = None
    phone_number: str | None = None


class Actor(Struct, frozen=True):
    user: User | None = None


class Device(Struct, frozen=True):
    uid: str | None = None


class Endpoint(Struct, frozen=True):
    ip: str | None = None


class Evidence(Struct, frozen=True):
    data: Any = None
    actor: Actor | None = None
    user: User | None = None
    device: Device | None = None
    src_endpoint: Endpoint | None = None


class Observable(Struct, frozen=True):
    type_id: int | None = None
    value: Any = None


class RawIdentifier(Strict, frozen=True):
    """A raw identifier and, if it is known, the account it was seen with."""

    kind: IdentifierKind
    value: str
    region: str | None = None
    account: str | None = None


class Exchange(Strict, frozen=True):
    """`unmapped.exchange`: what OCSF has no place for, under the names of our own schema."""

    tlp: Tlp | None = None
    collection: str | None = None
    share_with: Any = None
    revision: int | None = None
    cluster_key: str | None = None
    cluster_size: Count | None = None
    identifiers_raw: tuple[RawIdentifier, ...] = ()
    accounts: tuple[SeenAccount, ...] = ()
    expected_false_positive_rate: Ratio | None = None
    interaction_count: Count | None = None
    output_token_count: Count | None = None
    coordination: Coordination | None = None
    capability_targets: Terms = ()
    elicitation_techniques: Terms = ()
    training_purposes: Terms = ()
    access_paths: Terms = ()
    model_targets: tuple[ModelTarget, ...] = ()
    pivots: tuple[Pivot, ...] = ()
    prompt_fingerprints: tuple[PromptFingerprint, ...] = ()


class Unmapped(Struct, frozen=True):
    exchange: Exchange | None = None


class Event(Struct, frozen=True):
    """What is read of a Detection Finding."""

    class_uid: Literal[2004]
    finding_info: FindingInfo
    time: Millis
    metadata: Metadata = Metadata()
    activity_id: int | None = None
    status_id: int | None = None
    start_time: Millis | None = None
    end_time: Millis | None = None
    confidence_score: int | None = None
    evidences: tuple[Evidence, ...] = ()
    observables: tuple[Observable, ...] = ()
    unmapped: Unmapped = Unmapped()


def read_ocsf_lines(chunks: Iterable[bytes], limits: Limits = LIMITS) -> Iterator[Line]:
    """NDJSON: an event a line."""
    for piece in pieces(chunks, limits):
        if piece.error:
            yield refused(piece.number, piece.source, piece.error)
            continue
        try:
            value = parse(piece.source, max_bytes=limits.line_bytes)
        except MalformedJSON as error:
            yield refused(piece.number, piece.source, syntax_fault(error))
        else:
            yield _line(piece.number, piece.source, value)


def read_ocsf_document(chunks: Iterable[bytes], limits: Limits = LIMITS) -> Iterator[Line]:
    """One JSON document: an event, or a list of events, numbered by their places."""
    source = whole(chunks, limits)
    if isinstance(source, LineError):
        yield refused(1, b"", source)
        return
    try:
        document = parse(source, max_bytes=limits.body_bytes)
    except MalformedJSON as error:
        yield refused(1, source, syntax_fault(error))
        return
    events = document if isinstance(document, list) else [document]
    for number, event in enumerate(events, 1):
        if number > limits.lines:
            yield refused(number, b"", _too_many(limits))
            return
        yield _line(number, orjson.dumps(event), event)


def _too_many(limits: Limits) -> LineError:
    return LineError(
        "", f"The list has more than {limits.lines:,} events; send the rest in another request."
    )


def _line(number: int, source: bytes, value: JSON) -> Line:
    if prompts := prompt_faults(value):
        return refused(number, source, *prompts)
    assembly = Assembly(number, source)
    event = assembly.read(value, Event)
    if event is not None:
        _take_event(assembly, event)
        for index, evidence in enumerate(event.evidences):
            _take_evidence(assembly, event, evidence, ("evidences", index))
        _take_observables(assembly, event)
        if event.unmapped.exchange:
            _take_exchange(assembly, event.unmapped.exchange)
    return assembly.line()


def _take_event(assembly: Assembly, event: Event) -> None:
    info, analytic = event.finding_info, event.finding_info.analytic or Analytic()
    product = event.metadata.product or Product()
    assembly.fields.update(
        uid=info.uid,
        revision=_revision(event),
        detected_at=_time(event.time),
        title=info.title,
        description=info.desc,
        confidence=event.confidence_score,
        detector_version=product.version or analytic.version,
        **_status(event),
    )
    assembly.cluster.update(
        key=info.uid,
        first_seen=_time(info.first_seen_time),
        last_seen=_time(info.last_seen_time),
    )
    if analytic.name in _METHODS:
        assembly.fields["coordination"] = {"method": analytic.name}


def _revision(event: Event) -> int:
    """`time` is when the finding was first made: an update says when in modified_time."""
    modified = _time(event.finding_info.modified_time or event.time)
    return event.metadata.sequence or revision_at(modified or _EPOCH)


def _status(event: Event) -> dict[str, object]:
    if event.activity_id != _CLOSE and event.status_id not in _CLOSED_BECAUSE:
        return {}
    return {"status": "closed", "closed_because": _CLOSED_BECAUSE.get(event.status_id or 0)}


def _time(millis: int | None) -> datetime | None:
    return None if millis is None else _EPOCH + timedelta(milliseconds=millis)


def _take_evidence(
    assembly: Assembly, event: Event, evidence: Evidence, path: tuple[str | int, ...]
) -> None:
    if isinstance(evidence.data, dict):
        _take_data(assembly, event, evidence.data, (*path, "data"))
    user = (evidence.actor and evidence.actor.user) or evidence.user or User()
    ref = user.uid or user.name
    if ref and user.full_name:
        assembly.account(ref)["person_names"][user.full_name] = None
    endpoint, device = evidence.src_endpoint or Endpoint(), evidence.device or Device()
    seen: tuple[tuple[IdentifierKind, str | None], ...] = (
        ("email", user.email_addr),
        ("phone", user.phone_number),
        ("ip", endpoint.ip),
        ("device", device.uid),
    )
    for kind, value in seen:
        if value:
            assembly.identify(ref, Identifier(kind, value))


def _take_data(
    assembly: Assembly, event: Event, stated: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    """Our extensions' statistics; evidence of any other schema is read over."""
    properties = {name: value for name, value in stated.items() if name != "schema"}
    schema = stated.get("schema")
    if schema == "ai-traffic-aggregate/1.0":
        aggregate = assembly.read({**_span(event), **properties}, Aggregate, *path)
        if aggregate:
            assembly.fields.setdefault("windows", []).append(aggregate.window())
    elif schema == "coordination-evidence/1.0":
        if evidence := assembly.read(properties, CoordinationEvidence, *path):
            assembly.take_coordination(evidence)
    elif schema == "distillation-campaign/1.0" and (
        campaign := assembly.read(properties, CampaignProperties, *path)
    ):
        assembly.take_campaign(campaign)


def _span(event: Event) -> dict[str, object]:
    """The window of an aggregate that names none. OCSF's end is the last moment that belongs to
    it, so 23:59:59 is a whole day."""
    if event.start_time is None or event.end_time is None:
        return {}
    start = _time(event.start_time)
    seconds = (event.end_time - event.start_time) // 1000
    return {"window_start": start, "window_seconds": seconds + (seconds % 60 == 59)}


def _take_observables(assembly: Assembly, event: Event) -> None:
    for observable in event.observables:
        kind = _OBSERVABLE_KINDS.get(observable.type_id)
        if kind and isinstance(observable.value, str):
            assembly.identify(None, Identifier(kind, observable.value))


def _take_exchange(assembly: Assembly, exchange: Exchange) -> None:
    given = {name: getattr(exchange, name) for name in exchange.__struct_fields__}
    elsewhere = ("tlp", "collection", "share_with", "cluster_key", "cluster_size")
    for name in (*elsewhere, "identifiers_raw", "accounts"):
        del given[name]
    assembly.fields.update({name: value for name, value in given.items() if value})
    assembly.fields["sharing"] = {"tlp": exchange.tlp, "collection": exchange.collection}
    if exchange.cluster_key:
        assembly.cluster["key"] = exchange.cluster_key
    if exchange.cluster_size:
        assembly.cluster["size"] = exchange.cluster_size
    for account in exchange.accounts:
        assembly.take_account(account)
    for raw in exchange.identifiers_raw:
        assembly.identify(raw.account, Identifier(raw.kind, raw.value, raw.region))
