"""Simulated detections: valid, repeatable, of any size, and shaped like the reported campaigns."""

import tracemalloc
from collections import Counter
from itertools import islice
from typing import Any

import msgspec
import pytest

from federation.pseudonyms.normalize import normalize
from indicators.detections.finding import Finding
from indicators.management.simulation.campaigns import findings, lines
from indicators.management.simulation.plan import Plan
from indicators.management.simulation.shapes import SHAPES

KINDS = ("email", "phone", "ip", "payment-instrument", "device")
LARGEST = Plan(shape="largest", accounts=25_000, days=45)


@pytest.fixture(scope="module")
def largest() -> list[Finding]:
    return list(findings(LARGEST))


def identifiers(found: list[Finding]) -> Counter[tuple[str, str]]:
    return Counter(
        (each.kind, each.value)
        for finding in found
        for account in finding.accounts
        for each in account.identifiers
    )


def test_the_same_seed_gives_the_same_bytes() -> None:
    plan = Plan(seed=3, campaigns=5, revisions=2, closes=True)
    assert list(lines(plan)) == list(lines(plan))


def test_another_seed_gives_other_accounts() -> None:
    first, second = (identifiers(list(findings(Plan(seed=seed)))) for seed in (1, 2))
    assert not first.keys() & second.keys()


def seen_by(organization: str, **more: Any) -> Counter[tuple[str, str]]:
    return identifiers(list(findings(Plan(accounts=300, organization=organization, **more))))


@pytest.mark.parametrize("shape", SHAPES)
def test_two_organizations_see_some_of_the_same_identifiers(shape: str) -> None:
    alder, birch = (seen_by(name, shape=shape, shared=0.3) for name in ("Alder", "Birch"))
    emails = [{value for kind, value in found if kind == "email"} for found in (alder, birch)]
    assert 0.2 < len(emails[0] & emails[1]) / 300 < 0.4


def test_organizations_that_share_nothing_see_nothing_alike() -> None:
    alike = seen_by("Alder", shared=0).keys() & seen_by("Birch", shared=0).keys()
    # There are few phone numbers and addresses that nobody owns, so that some meet by chance.
    assert {kind for kind, _ in alike} <= {"phone", "ip"}
    assert len(alike) < 3


def test_organizations_know_accounts_and_clusters_by_names_of_their_own() -> None:
    def names(organization: str) -> set[str]:
        found = list(findings(Plan(organization=organization, shared=1)))
        keys = {each.cluster.key for each in found if each.cluster}
        return keys | {each.uid for each in found} | {a.ref for f in found for a in f.accounts}

    assert not names("Alder") & names("Birch")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_line_is_read_as_a_finding(shape: str) -> None:
    plan = Plan(shape=shape, accounts=30, accounts_per_line=10, revisions=2, closes=True)
    decoder = msgspec.json.Decoder(Finding)
    assert [decoder.decode(line) for line in lines(plan)] == list(findings(plan))


def test_the_line_count_is_known_beforehand() -> None:
    plan = Plan(campaigns=3, accounts=25, accounts_per_line=10, revisions=2, closes=True)
    assert len(list(lines(plan))) == plan.line_count == 27


def test_the_largest_campaign_has_25000_accounts_with_five_identifiers_each(
    largest: list[Finding],
) -> None:
    found = identifiers(largest)
    assert Counter(kind for kind, _ in found) == dict.fromkeys(KINDS, 25_000)


def test_the_largest_campaign_has_28_8_million_interactions(largest: list[Finding]) -> None:
    assert sum(window.request_count for window in largest[0].windows) == 28_800_000
    assert largest[0].interaction_count is not None
    assert largest[0].interaction_count.value == 28_800_000


def test_every_identifier_can_be_normalized(largest: list[Finding]) -> None:
    for finding in largest[:2]:
        for account in finding.accounts:
            for each in account.identifiers:
                assert normalize(each.kind, each.value)


def test_only_the_first_line_of_a_cluster_tells_of_its_traffic(largest: list[Finding]) -> None:
    assert [bool(finding.windows) for finding in largest] == [True] + [False] * 24


def test_memory_does_not_grow_with_the_size() -> None:
    endless = lines(Plan(campaigns=1_000_000, accounts=1, days=1))
    tracemalloc.start()
    for _ in islice(endless, 200):
        pass
    before = tracemalloc.get_traced_memory()[0]
    for _ in islice(endless, 1000):
        pass
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # What fingerprints remember: five shapes, forty subjects.
    assert grown < 600_000


def test_a_banned_account_is_replaced_in_the_next_revision_under_the_same_cluster_key() -> None:
    first, second = findings(Plan(shape="hydra", accounts=100, revisions=2))
    assert (first.uid, first.cluster.key) == (second.uid, second.cluster.key)
    assert (first.revision, second.revision) == (1, 2)
    stayed = {account.ref for account in first.accounts} & {a.ref for a in second.accounts}
    assert 50 <= len(stayed) <= 80


def test_a_replacement_keeps_the_card_and_gets_a_new_phone() -> None:
    first, second = findings(Plan(shape="hydra", accounts=100, revisions=2))
    for before, after in zip(first.accounts, second.accounts, strict=True):
        shared = set(before.identifiers) & set(after.identifiers)
        kinds = {each.kind for each in shared}
        assert "payment-instrument" in kinds
        assert before.ref == after.ref or "phone" not in kinds


def test_a_replacement_is_first_seen_after_the_ban() -> None:
    first, second = findings(Plan(shape="hydra", accounts=100, revisions=2))
    old = {account.ref for account in first.accounts}
    assert first.cluster.last_seen is not None
    for account in second.accounts:
        assert account.first_seen is not None
        assert account.ref in old or account.first_seen >= first.cluster.last_seen


def test_what_was_told_of_a_day_stays_as_it_is() -> None:
    first, second = findings(Plan(shape="shifter", revisions=2))
    assert second.windows[: len(first.windows)] == first.windows
    assert len(second.windows) == len(first.windows) + 1


def test_accounts_of_a_hydra_share_their_cards() -> None:
    found = identifiers(list(findings(Plan(shape="hydra", accounts=100))))
    cards = [count for (kind, _), count in found.items() if kind == "payment-instrument"]
    assert cards == [25, 25, 25, 25]


def test_traffic_is_balanced_over_the_days() -> None:
    (finding,) = findings(Plan(shape="synchronized"))
    requests = [window.request_count for window in finding.windows]
    assert max(requests) < 1.1 * min(requests)


def test_traffic_moves_within_a_day_of_a_release() -> None:
    (finding,) = findings(Plan(shape="shifter"))
    moves = [w for w in finding.windows if w.hours_since_model_release is not None]
    assert [w.hours_since_model_release <= 24 for w in moves if w.hours_since_model_release] == [
        True
    ]
    assert moves[0].model_share_shift_24h is not None
    assert moves[0].model_share_shift_24h >= 0.4
    assert finding.pivots[0].trigger == "target-model-release"


def test_a_reseller_mixes_in_honest_traffic() -> None:
    (finding,) = findings(Plan(shape="hydra"))
    assert {window.unrelated_traffic_ratio for window in finding.windows} == {0.6}


def test_closing_closes_every_finding_of_the_last_revision() -> None:
    *_, first, second = findings(Plan(accounts=20, accounts_per_line=10, revisions=2, closes=True))
    for part, closed in enumerate((first, second)):
        assert (closed.status, closed.closed_because, closed.revision) == ("closed", "resolved", 3)
        assert closed.uid.endswith(f"-{part}")
        assert not closed.accounts


def test_campaigns_of_one_shape_have_similar_prompts_not_equal_ones() -> None:
    first, second = islice(findings(Plan(shape="largest", campaigns=2)), 2)
    assert first.prompt_fingerprints != second.prompt_fingerprints
