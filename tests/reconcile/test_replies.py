"""What is said of a match, whatever people decide of it and decide again."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.canonical import canonical
from indicators.detections.drafts import gate, policy
from indicators.detections.drafts.drafting import Content, Drafted
from indicators.detections.drafts.facts import ClusterFacts
from indicators.reconcile.replies import (
    REACTIONS,
    ReplyRefused,
    Said,
    Sighted,
    complete,
    draft_reply,
    reply_ids,
)
from indicators.stix import Tlp, schema
from tests.detections.clusters import NOW, terms
from tests.objects import id_of
from tests.stix.oracles import objections
from tests.stix.reading import parsed

DAY = timedelta(days=1)
MATCH = Sighted(
    name="4b3f1c52-6f3e-4f0d-9b3b-0d6b1f0c9a11",
    indicator_id=id_of("indicator", "one"),
    account_count=312,
    facts=ClusterFacts(first_seen=NOW - 9 * DAY, last_seen=NOW - DAY, confidence=82),
)
WHOLE = Said("confirmed", "actioned", is_sure=True)


def said_of(match: Sighted, said: Said) -> dict[str, Content]:
    return dict(draft_reply(match, said, terms(), {}).objects)


@pytest.fixture(autouse=True)
def _oracles_may_warn() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("finding", REACTIONS)
def test_what_is_said_is_valid_for_us_and_for_everyone(finding: str) -> None:
    for reaction in ["", *REACTIONS[finding]]:
        said = complete(Said(finding, reaction, "We know them." if reaction else ""))
        contents = list(said_of(MATCH, said).values())
        assert parsed(*contents).problems == []
        assert [each for content in contents for each in objections(content)] == []


def test_what_is_said_comes_back_from_canonical_bytes_as_it_was() -> None:
    for content in said_of(MATCH, WHOLE).values():
        assert json.loads(canonical(content)) == content


def test_every_reaction_fits_the_extension() -> None:
    known = set(schema("feedback")["properties"]["reaction"]["enum"])
    assert {each for fitting in REACTIONS.values() for each in fitting} == known


def test_nothing_that_is_said_without_words_asks_for_another_person() -> None:
    contents = [
        {name: value for name, value in content.items() if name != "where_sighted_refs"}
        for content in said_of(MATCH, WHOLE).values()
    ]
    assert policy.review_reasons(contents, "publish", Tlp.GREEN) == []
    assert gate.check(contents, (), ()) == []


def test_words_ask_for_another_person() -> None:
    contents = said_of(MATCH, replace(WHOLE, explanation="We know them.")).values()
    assert "free text: explanation of opinion" in policy.review_reasons(
        contents, "publish", Tlp.GREEN
    )


def test_a_match_is_not_told_by_the_ids_of_its_answers() -> None:
    told = json.dumps(list(said_of(MATCH, WHOLE).values()))
    assert MATCH.name not in told


def test_two_matches_have_nothing_in_common() -> None:
    other = replace(MATCH, name="another")
    assert not set(reply_ids(MATCH, terms())) & set(reply_ids(other, terms()))


def test_what_a_detector_does_not_say_of_time_its_findings_do() -> None:
    match = replace(
        MATCH, facts=ClusterFacts(), first_detected=NOW - 2 * DAY, last_detected=NOW - DAY
    )
    sighting = said_of(match, Said("confirmed"))["sighting"]
    assert sighting["first_seen"] < sighting["last_seen"]


def test_what_lies_in_the_future_is_not_said() -> None:
    match = replace(MATCH, facts=ClusterFacts(last_seen=NOW + 400 * DAY))
    assert "last_seen" not in said_of(match, Said("confirmed"))["sighting"]


def test_words_do_not_go_without_a_reaction() -> None:
    with pytest.raises(ReplyRefused):
        complete(Said("confirmed", "", "We know them."))


def test_words_of_a_false_positive_go_with_its_one_reaction() -> None:
    said = complete(Said("false-positive", "", "A university's course."))
    assert said.reaction == "non-malicious"


@dataclass
class Feed:
    """What is published of the match: every version of every object, in order."""

    versions: dict[str, list[Content]] = field(default_factory=dict)

    def newest(self) -> dict[str, Content]:
        return {name: contents[-1] for name, contents in self.versions.items()}

    def publish(self, said: Said, accounts: int, hour: int) -> Drafted:
        """An hour that steps back is a clock that does."""
        when = terms(now=NOW + timedelta(hours=hour))
        drafted = draft_reply(replace(MATCH, account_count=accounts), said, when, self.newest())
        for _, content in drafted.objects:
            self.versions.setdefault(content["id"], []).append(json.loads(canonical(content)))
        return drafted


SAID = st.sampled_from(
    [
        complete(Said(finding, reaction, is_sure=is_sure))
        for finding in REACTIONS
        for reaction in ["", *REACTIONS[finding]]
        for is_sure in (False, True)
    ]
)
HISTORY = st.lists(st.tuples(SAID, st.integers(8, 12), st.integers(0, 5)), max_size=12)


def published(history: list[tuple[Said, int, int]]) -> Feed:
    feed = Feed()
    for said, accounts, hour in history:
        feed.publish(said, accounts, hour)
    return feed


@settings(max_examples=200, deadline=None)
@given(HISTORY)
def test_one_sighting_and_one_opinion_stand_at_most(
    history: list[tuple[Said, int, int]],
) -> None:
    standing = [each for each in published(history).newest().values() if not each.get("revoked")]
    types = [each["type"] for each in standing]
    assert len(types) == len(set(types))


@settings(max_examples=200, deadline=None)
@given(HISTORY)
def test_versions_only_move_forward_and_what_is_revoked_stays_so(
    history: list[tuple[Said, int, int]],
) -> None:
    for contents in published(history).versions.values():
        times = [each["modified"] for each in contents]
        assert times == sorted(set(times))
        assert not any(each.get("revoked") for each in contents[:-1])


@settings(max_examples=200, deadline=None)
@given(HISTORY, SAID)
def test_what_stands_in_the_end_is_what_was_said_last(
    history: list[tuple[Said, int, int]], last: Said
) -> None:
    feed = published(history)
    told = feed.publish(last, 20, 6)
    said_again = feed.publish(last, 20, 7)
    assert said_again.objects == []
    standing = {each["type"] for each in feed.newest().values() if not each.get("revoked")}
    given_up = {each.field for each in told.preview.withheld}
    wanted = {"sighting"} if last.finding == "confirmed" else set()
    wanted |= {"opinion"} if last.reaction else set()
    assert standing == wanted - given_up


@given(st.integers(0, 9), SAID)
def test_few_accounts_are_never_counted(accounts: int, said: Said) -> None:
    match = replace(MATCH, account_count=accounts)
    assert "count" not in json.dumps(said_of(match, said))
