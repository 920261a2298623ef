"""What the open findings of one cluster say together: the only source of what is drafted.

Nothing here names anybody: free text, references, identifiers and names of people stay in the
findings, and only the fact that they were left out is kept.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from indicators.detections.finding import Coordination, Count, Finding, ModelTarget, Pivot, Window
from indicators.stix import Tlp

Item = TypeVar("Item")


class ClusterFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counts, ratios, windows and terms; `withheld` names the fields that were left out.

    `tlp` and `collection` are the detectors' wishes: the strictest marking, the newest collection.
    """

    size: Count | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    confidence: int | None = None
    expected_false_positive_rate: float | None = None
    detector_version: str | None = None
    interaction_count: Count | None = None
    output_token_count: Count | None = None
    coordination: Coordination | None = None
    windows: tuple[Window, ...] = ()
    capability_targets: tuple[str, ...] = ()
    elicitation_techniques: tuple[str, ...] = ()
    training_purposes: tuple[str, ...] = ()
    access_paths: tuple[str, ...] = ()
    model_targets: tuple[ModelTarget, ...] = ()
    pivots: tuple[Pivot, ...] = ()
    tlp: str | None = None
    collection: str | None = None
    withheld: tuple[str, ...] = ()


def absorb(facts: ClusterFacts | None, findings: Iterable[Finding]) -> ClusterFacts:
    """Facts with findings added, oldest first: the newest number wins, lists are united.

    What a detector takes back goes only if facts are made anew, from None.
    """
    for finding in findings:
        stated = _stated(finding)
        facts = stated if facts is None else _joined(facts, stated)
    return facts or ClusterFacts()


def _stated(finding: Finding) -> ClusterFacts:
    cluster = finding.cluster
    return ClusterFacts(
        size=_plain(cluster.size),
        first_seen=_in_utc(cluster.first_seen),
        last_seen=_in_utc(cluster.last_seen),
        confidence=finding.confidence,
        expected_false_positive_rate=finding.expected_false_positive_rate,
        detector_version=finding.detector_version,
        interaction_count=_plain(finding.interaction_count),
        output_token_count=_plain(finding.output_token_count),
        coordination=_coordination(None, finding.coordination),
        windows=_windows((), finding.windows),
        capability_targets=_terms((), finding.capability_targets),
        elicitation_techniques=_terms((), finding.elicitation_techniques),
        training_purposes=_terms((), finding.training_purposes),
        access_paths=_terms((), finding.access_paths),
        model_targets=_distinct((), finding.model_targets),
        pivots=_pivots((), finding.pivots),
        tlp=finding.sharing.tlp,
        collection=finding.sharing.collection,
        withheld=tuple(_left_out(finding)),
    )


def _joined(old: ClusterFacts, new: ClusterFacts) -> ClusterFacts:
    return ClusterFacts(
        size=new.size or old.size,
        first_seen=min(filter(None, (old.first_seen, new.first_seen)), default=None),
        last_seen=max(filter(None, (old.last_seen, new.last_seen)), default=None),
        confidence=_newest(old.confidence, new.confidence),
        expected_false_positive_rate=_newest(
            old.expected_false_positive_rate, new.expected_false_positive_rate
        ),
        detector_version=new.detector_version or old.detector_version,
        interaction_count=new.interaction_count or old.interaction_count,
        output_token_count=new.output_token_count or old.output_token_count,
        coordination=_coordination(old.coordination, new.coordination),
        windows=_windows(old.windows, new.windows),
        capability_targets=_terms(old.capability_targets, new.capability_targets),
        elicitation_techniques=_terms(old.elicitation_techniques, new.elicitation_techniques),
        training_purposes=_terms(old.training_purposes, new.training_purposes),
        access_paths=_terms(old.access_paths, new.access_paths),
        model_targets=_distinct(old.model_targets, new.model_targets),
        pivots=_pivots(old.pivots, new.pivots),
        tlp=_strictest(old.tlp, new.tlp),
        collection=new.collection or old.collection,
        withheld=_distinct(old.withheld, new.withheld),
    )


def _left_out(finding: Finding) -> Iterator[str]:
    """The fields with free text: what a detector writes there nobody has read."""
    if finding.title is not None:
        yield "title"
    if finding.description is not None:
        yield "description"
    for name, count in (
        ("cluster.size", finding.cluster.size),
        ("interaction_count", finding.interaction_count),
        ("output_token_count", finding.output_token_count),
    ):
        if count is not None and count.as_reported is not None:
            yield f"{name}.as_reported"


def _plain(count: Count | None) -> Count | None:
    if count is None or count.as_reported is None:
        return count
    return Count(value=count.value, qualifier=count.qualifier)


def _newest(old: Item | None, new: Item | None) -> Item | None:
    return old if new is None else new


def _strictest(old: str | None, new: str | None) -> str | None:
    wishes = [wish for wish in (old, new) if wish is not None]
    return max(wishes, key=lambda wish: Tlp(wish).rank, default=None)


def _terms(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*old, *new})) if new else old


def _distinct(old: tuple[Item, ...], new: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys((*old, *new))) if new else old


def _in_utc(time: datetime | None) -> datetime | None:
    """In UTC and in the milliseconds that STIX writes."""
    if time is None:
        return None
    try:
        time = time.astimezone(UTC)
    except OverflowError:  # the first or last hours that a calendar has
        time = time.replace(tzinfo=UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def _windows(old: tuple[Window, ...], new: tuple[Window, ...]) -> tuple[Window, ...]:
    """One window for each start and length."""
    held = {(each.start, each.seconds): each for each in old}
    for window in new:
        start = _in_utc(window.start) or window.start
        held[start, window.seconds] = msgspec.structs.replace(window, start=start)
    return tuple(held[key] for key in sorted(held))


def _pivots(old: tuple[Pivot, ...], new: tuple[Pivot, ...]) -> tuple[Pivot, ...]:
    merged = {(each.trigger, each.trigger_time, each.to_model): each for each in old}
    for pivot in new:
        time = _in_utc(pivot.trigger_time)
        merged[pivot.trigger, time, pivot.to_model] = msgspec.structs.replace(
            pivot, trigger_time=time
        )
    return tuple(merged.values())


def _coordination(old: Coordination | None, new: Coordination | None) -> Coordination | None:
    """The scores of one method belong together; what accounts have in common adds up."""
    if old is None or new is None:
        return new or old
    attributes = {each.kind: each for each in (*old.shared_attributes, *new.shared_attributes)}
    return msgspec.structs.replace(
        new,
        shared_attributes=tuple(attributes.values()),
        traits=_terms(old.traits, new.traits),
    )
