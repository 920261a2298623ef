"""Whatever a detector says, takes back and says again: what the feed must never show."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.detections.drafts.drafting import (
    ClusterState,
    Content,
    Drafted,
    Part,
    draft,
    wanted_ids,
)
from tests.detections.clusters import KEY, NOW, facts, state, terms, token, window
from tests.stix.reading import parsed


@dataclass(frozen=True)
class Said:
    """One revision: confidence, windows as (hour, requests), tokens of the one part."""

    is_open: bool
    confidence: int
    windows: tuple[tuple[int, int], ...]
    tokens: int


SAID = st.builds(
    Said,
    is_open=st.booleans() | st.just(True),
    confidence=st.integers(0, 2),
    windows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 2)), max_size=3, unique_by=lambda told: told[0]
    ).map(tuple),
    tokens=st.integers(0, 2),
)


@dataclass
class Feed:
    """A node that drafts and publishes: every version of every object, in order."""

    versions: dict[str, list[Content]] = field(default_factory=dict)
    incarnation: int = 1
    was_open: bool = True
    part_number: int = 1
    seated: int = 0

    def newest(self) -> dict[str, Content]:
        return {name: contents[-1] for name, contents in self.versions.items()}

    def publish(self, said: Said, hour: int) -> Drafted:
        told, when = self._state(said), terms(now=NOW + timedelta(hours=hour))
        if said.is_open:
            asked = wanted_ids(told, when)
            asked |= {name for name in self.versions if name.startswith("observed-data")}
        else:
            asked = set(self.versions)
        held = {name: each for name, each in self.newest().items() if name in asked}
        drafted = draft(told, when, held)
        for _, content in drafted.objects:
            self.versions.setdefault(content["id"], []).append(content)
        return drafted

    def _state(self, said: Said) -> ClusterState:
        """As seats are dealt: an emptied part is not filled again; each incarnation has its own."""
        if said.is_open and not self.was_open:
            self.incarnation, self.part_number, self.seated = self.incarnation + 1, 1, 0
        self.was_open = said.is_open
        parts: tuple[Part, ...] = ()
        if said.is_open and (said.tokens or self.seated):
            tokens = tuple(token(each) for each in range(said.tokens))
            parts = (Part("email", KEY, self.part_number, tokens, is_new=False),)
            if not tokens:
                self.part_number += 1
            self.seated = said.tokens
        windows = [
            window(start=f"2026-02-2{day}T00:00:00Z", request_count=count)
            for day, count in said.windows
        ]
        told = facts(confidence=said.confidence, windows=windows)
        return state(told, *parts, is_open=said.is_open, incarnation=self.incarnation)


def after(history: Sequence[Said]) -> Feed:
    feed = Feed()
    for hour, said in enumerate(history):
        feed.publish(said, hour)
    return feed


HISTORIES = st.lists(SAID, min_size=1, max_size=8)


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES)
def test_versions_of_an_object_only_move_forward(history: list[Said]) -> None:
    for contents in after(history).versions.values():
        times = [each.get("modified", "") for each in contents]
        assert times == sorted(set(times))


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES)
def test_an_object_keeps_when_it_was_created(history: list[Said]) -> None:
    for contents in after(history).versions.values():
        assert len({each.get("created") for each in contents}) == 1


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES)
def test_what_is_revoked_stays_revoked(history: list[Said]) -> None:
    for contents in after(history).versions.values():
        assert not any(each.get("revoked") for each in contents[:-1])


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES)
def test_an_observable_is_published_once(history: list[Said]) -> None:
    for name, contents in after(history).versions.items():
        if name.startswith("ai-traffic-aggregate"):
            assert len(contents) == 1


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES)
def test_every_reference_to_an_observable_has_its_object(history: list[Said]) -> None:
    feed = after(history)
    for contents in feed.versions.values():
        for content in contents:
            assert set(content.get("object_refs", [])) <= feed.versions.keys()


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES, SAID)
def test_what_was_said_is_said_once(history: list[Said], last: Said) -> None:
    feed = after([*history, last])
    assert feed.publish(last, len(history) + 1).objects == []


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES)
def test_nothing_of_a_closed_cluster_stands(history: list[Said]) -> None:
    closed = Said(is_open=False, confidence=0, windows=(), tokens=0)
    feed = after([*history, closed])
    standing = [each for each in feed.newest().values() if not each.get("revoked")]
    assert all(each["type"] == "ai-traffic-aggregate" for each in standing)


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES)
def test_the_windows_that_stand_are_those_last_said(history: list[Said]) -> None:
    feed = after(history)
    stand = [
        feed.versions[each["object_refs"][0]][-1]
        for each in feed.newest().values()
        if each["type"] == "observed-data" and not each.get("revoked")
    ]
    said = history[-1].windows if history[-1].is_open else ()
    shown = [(each["window_start"][9:10], each["request_count"]) for each in stand]
    # Fewer only if one was taken back more often than it can be.
    assert set(shown) <= {(str(day), count) for day, count in said}
    if len(history) < 4:
        assert len(shown) == len(said)


@settings(deadline=None)  # the machine may be busy
@given(HISTORIES)
def test_every_version_is_valid(history: list[Said]) -> None:
    contents = [each for versions in after(history).versions.values() for each in versions]
    assert parsed(*contents).problems == []
