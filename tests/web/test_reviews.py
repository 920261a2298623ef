"""The review pages: what a second person sees before something leaves, and what they decide."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from indicators import pipeline
from indicators.models import (
    AuditEvent,
    Cluster,
    Collection,
    Draft,
    DraftState,
    Grant,
    Member,
    Policy,
    Role,
    Sector,
)
from tests.contributing.detector import Contributor, account, finding
from tests.objects import id_of
from tests.people.persons import somebody
from tests.web.reading import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder(shared: Collection) -> Contributor:
    """A detector whose every draft is reviewed."""
    return Contributor.trusted(shared, policy=Policy.REVIEW)


def drafted(alder: Contributor, **told: Any) -> Draft:
    alder.send(finding(**told))
    alder.work()
    return Draft.objects.get(state=DraftState.REVIEW)


def described(alder: Contributor, author: User, text: str = "They rotate resellers.") -> Draft:
    drafted(alder)
    pipeline.describe_cluster(Cluster.objects.get().pk, author, text)
    alder.work()
    return Draft.objects.get(state=DraftState.REVIEW)


def seen(client: Client, draft: Draft, query: str = "") -> str:
    return page(client, f"/reviews/{draft.pk}/{query}")


def decide(client: Client, draft: Draft, decision: str, reason: str = "") -> Any:
    return client.post(f"/reviews/{draft.pk}/decide/", {"decision": decision, "reason": reason})


def test_a_reviewer_sees_what_waits(alder: Contributor, rae: Client) -> None:
    draft = drafted(alder)
    assert f"/reviews/{draft.pk}/" in page(rae, "/reviews/")


def test_an_empty_queue_says_what_it_is_for(rae: Client) -> None:
    assert "Nothing waits for you" in page(rae, "/reviews/")


def test_their_own_drafts_stand_apart(alder: Contributor, client: Client) -> None:
    ana = somebody("ana", Role.ANALYST, Role.REVIEWER)
    described(alder, ana)
    client.force_login(ana)
    shown = page(client, "/reviews/")
    assert "Nothing waits for you" in shown
    assert "Another person decides on these" in shown


def test_an_author_is_offered_no_decision(alder: Contributor, client: Client) -> None:
    ana = somebody("ana", Role.ANALYST, Role.REVIEWER)
    draft = described(alder, ana)
    client.force_login(ana)
    assert 'name="decision"' not in seen(client, draft)


def test_an_author_does_not_approve_by_a_crafted_request(
    alder: Contributor, client: Client
) -> None:
    ana = somebody("ana", Role.ANALYST, Role.REVIEWER)
    draft = described(alder, ana)
    client.force_login(ana)
    assert decide(client, draft, "approve").status_code == 409
    draft.refresh_from_db()
    assert draft.state == DraftState.REVIEW


def test_an_analyst_does_not_review(alder: Contributor, client: Client) -> None:
    draft = drafted(alder)
    client.force_login(somebody("ben", Role.ANALYST))
    assert decide(client, draft, "approve").status_code == 403


def test_the_page_says_which_organizations_get_it(
    alder: Contributor, shared: Collection, rae: Client
) -> None:
    birch = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    Grant.objects.create(collection=shared, member=birch, can_read=True)
    assert "Birch" in seen(rae, drafted(alder))


def test_a_hub_among_the_readers_is_called_one(
    alder: Contributor, shared: Collection, rae: Client
) -> None:
    forum = Member.objects.create(
        name="Forum", identity_id=id_of("identity", "Forum"), sector=Sector.HUB
    )
    Grant.objects.create(collection=shared, member=forum, can_read=True)
    assert "passes on" in seen(rae, drafted(alder))


def test_the_page_shows_words_that_nobody_vouches_for(alder: Contributor, rae: Client) -> None:
    draft = described(alder, somebody("ana", Role.ANALYST))
    shown = seen(rae, draft)
    assert "Read these words" in shown
    assert "They rotate resellers." in shown


def test_the_page_shows_what_stays(alder: Contributor, rae: Client) -> None:
    draft = drafted(alder, description="Seen by our night shift.")
    shown = seen(rae, draft)
    assert "Free text of a detector is not shared" in shown
    assert "night shift" not in shown


def test_the_page_shows_no_identifier(alder: Contributor, rae: Client) -> None:
    secret = "ana.secret@example.org"
    draft = drafted(alder, accounts=[account("acct-secret", email=secret)])
    shown = seen(rae, draft)
    assert secret not in shown
    assert "acct-secret" not in shown


def test_a_change_is_shown_field_by_field(alder: Contributor, rae: Client) -> None:
    draft = drafted(alder, confidence=40)
    pipeline.approve(draft.pk, somebody("ben", Role.REVIEWER))
    alder.work()
    alder.send(finding(revision=2, confidence=90))
    alder.work()
    shown = seen(rae, Draft.objects.get(state=DraftState.REVIEW), "?type=campaign")
    assert '<div class="removed">40</div>' in shown
    assert '<div class="added">90</div>' in shown


def test_an_approved_draft_is_handed_to_workers(
    alder: Contributor, rae: Client, django_capture_on_commit_callbacks: Any
) -> None:
    draft = drafted(alder)
    with django_capture_on_commit_callbacks() as handed:
        assert decide(rae, draft, "approve").status_code == 302
    draft.refresh_from_db()
    assert (draft.state, len(handed)) == (DraftState.APPROVED, 1)


def test_a_reviewer_asks_for_changes_with_a_reason(alder: Contributor, rae: Client) -> None:
    draft = described(alder, somebody("ana", Role.ANALYST))
    decide(rae, draft, "return", "Say which resellers.")
    draft.refresh_from_db()
    assert draft.state == DraftState.RETURNED


@pytest.mark.parametrize("decision", ["return", "reject"])
def test_a_decision_against_needs_a_reason(alder: Contributor, rae: Client, decision: str) -> None:
    draft = described(alder, somebody("ana", Role.ANALYST))
    answer = decide(rae, draft, decision)
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()


def test_a_rejected_draft_keeps_its_reason(alder: Contributor, rae: Client) -> None:
    draft = drafted(alder)
    decide(rae, draft, "reject", "A known customer.")
    assert "A known customer." in seen(rae, draft)


def test_a_version_that_was_replaced_meanwhile_is_not_approved(
    alder: Contributor, rae: Client
) -> None:
    before = drafted(alder)
    alder.send(finding(revision=2, confidence=90))
    alder.work()
    answer = decide(rae, before, "approve")
    successor = Draft.objects.get(state=DraftState.REVIEW)
    assert answer.status_code == 409
    assert f"/reviews/{successor.pk}/" in answer.content.decode()
    assert successor.decided_by is None


def test_what_its_author_alone_may_see_is_not_there(alder: Contributor, rae: Client) -> None:
    draft = drafted(alder)
    Draft.objects.update(state=DraftState.PREPARED)
    assert rae.get(f"/reviews/{draft.pk}/").status_code == 404
    assert decide(rae, draft, "approve").status_code == 404


def test_an_unknown_draft_is_not_there(rae: Client) -> None:
    assert rae.get(f"/reviews/{uuid4()}/").status_code == 404


def test_a_remark_joins_the_discussion(alder: Contributor, rae: Client) -> None:
    draft = drafted(alder)
    rae.post(f"/reviews/{draft.pk}/remark/", {"text": "Is it the reseller of May?"})
    assert "Is it the reseller of May?" in seen(rae, draft)


def test_a_decision_is_in_the_audit_log(alder: Contributor, rae: Client) -> None:
    draft = drafted(alder)
    decide(rae, draft, "approve")
    assert AuditEvent.objects.filter(actor="rae", act="approved").exists()


def test_an_answer_to_a_match_is_reviewed_too(rae: Client) -> None:
    from indicators.models import MatchState
    from indicators.stix import Tlp
    from tests.reconcile.leads import Leads, analyst

    leads = Leads.begin()
    match = leads.match(tlp=Tlp.AMBER)
    leads.decide(match, MatchState.CONFIRMED, analyst("ana"))
    shown = seen(rae, Draft.objects.get(match=match))
    assert "Answer to a match" in shown
    assert "Sighting" in shown


def test_the_queue_costs_the_same_however_long_it_is(
    alder: Contributor, rae: Client, django_assert_max_num_queries: Any
) -> None:
    alder.send(*(finding(f"f-{n}") for n in range(60)))
    alder.work()
    with django_assert_max_num_queries(8):
        shown = page(rae, "/reviews/")
    assert shown.count("data-row") == 50


def test_the_queue_goes_on_where_a_page_ended(alder: Contributor, rae: Client) -> None:
    alder.send(*(finding(f"f-{n}") for n in range(60)))
    alder.work()
    first = rae.get("/reviews/")
    second = rae.get(f"/reviews/?{first.context['following']}")
    listed = [row.id for page in (first, second) for row in page.context["queue"].waiting]
    assert len(set(listed)) == len(listed) == 60


@pytest.mark.parametrize("query", ["since=x&after=y", "since=2026-01-01&after=", "after=1"])
def test_a_place_that_is_none_is_the_start(rae: Client, query: str) -> None:
    assert rae.get(f"/reviews/?{query}").status_code == 200


def test_a_large_draft_is_shown_a_page_at_a_time(
    alder: Contributor, rae: Client, django_assert_max_num_queries: Any
) -> None:
    """25,000 accounts are hundreds of objects; here 30 kinds of windows stand for them."""
    windows = [
        {"start": f"2026-01-{day:02}T00:00:00Z", "seconds": 86400, "account_count": 50,
         "request_count": 1000, "prompt_variant_count": 10, "distinct_capability_count": 1}
        for day in range(1, 31)
    ]  # fmt: skip
    draft = drafted(alder, windows=windows)
    assert draft.object_count > 60
    with django_assert_max_num_queries(10):
        shown = seen(rae, draft)
    assert shown.count("data-row") == 25
    assert "Page 1 of 3" in shown


def test_a_long_object_is_shown_in_full_by_itself(alder: Contributor, rae: Client) -> None:
    accounts = [account(f"acct-{n}", device=f"device-{n}-kappa") for n in range(300)]
    draft = drafted(alder, accounts=accounts)
    indicator = next(name for name in draft.roles if name.startswith("indicator--"))
    assert "psi1." not in seen(rae, draft, "?type=indicator")
    shown = seen(rae, draft, f"?object={indicator}")
    assert shown.count("data-row") == 1
    assert shown.count("psi1.") == 300


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?page=99999", "?type=nothing&change=odd"])
def test_a_choice_that_is_none_shows_what_there_is(
    alder: Contributor, rae: Client, query: str
) -> None:
    seen(rae, drafted(alder), query)
