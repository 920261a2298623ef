"""The pages of referrals: what would go is seen before it is made, and two approve it."""

import io
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from indicators.models import AuditEvent, Permission, Recipient, Referral, Role
from indicators.pipeline import referring
from tests.objects import id_of
from tests.referrals.case import CAMPAIGN, WORDS, Case
from tests.web.reading import html, page

pytestmark = pytest.mark.django_db

Sign = Callable[[User], Client]
WRITTEN = {
    "summary": "Accounts acted together.",
    "request": "Keep your records.",
    "legal_basis": ["contract"],
    "contact": "abuse@alder.example",
}


@pytest.fixture
def case() -> Case:
    made = Case()
    made.describe()
    return made


@pytest.fixture
def as_() -> Sign:
    """A browser with somebody signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def referred(case: Case) -> UUID:
    return referring.refer(CAMPAIGN, case.recipient(), WORDS, case.ana)


def approved(case: Case) -> UUID:
    made = referred(case)
    referring.approve(made, case.ben)
    referring.approve(made, case.rae)
    return made


def shown(client: Client, name: str, *of: Any, query: str = "") -> str:
    return page(client, reverse(name, args=of) + query)


def told(client: Client, to: str, /, *of: Any, **given: Any) -> str:
    """What the page says after something was done."""
    return html(client.post(reverse(to, args=of), given, follow=True))


def test_what_a_recipient_would_get_is_seen_before_it_is_made(case: Case, as_: Sign) -> None:
    query = f"?recipient={case.recipient('Ministry', max_tlp=2).pk}"
    page = shown(as_(case.ana), "referral-new", CAMPAIGN, query=query)
    assert "Would go to Ministry" in page and "has not permitted it for this campaign" in page


def test_a_referral_is_made_and_waits(case: Case, as_: Sign) -> None:
    given = {**WRITTEN, "recipient": case.recipient().pk}
    page = told(as_(case.ana), "referral-new", CAMPAIGN, **given)
    assert "You made it; two others have to approve it" in page


def test_what_looks_like_an_identifier_is_refused_in_the_form(case: Case, as_: Sign) -> None:
    given = {**WRITTEN, "recipient": case.recipient().pk, "summary": "Ask ana@mail.example."}
    page = told(as_(case.ana), "referral-new", CAMPAIGN, **given)
    assert "seems to hold an e-mail address" in page and not Referral.objects.exists()


def test_without_recipients_the_page_says_what_to_do_first(case: Case, as_: Sign) -> None:
    assert "Nobody to refer to yet" in shown(as_(case.ana), "referral-new", CAMPAIGN)


def test_an_unknown_campaign_is_404(case: Case, as_: Sign) -> None:
    target = reverse("referral-new", args=[id_of("campaign", "nobody's")])
    query = f"?recipient={case.recipient().pk}"
    assert as_(case.ana).get(target + query).status_code == 404


def test_an_unknown_referral_is_404(case: Case, as_: Sign) -> None:
    assert as_(case.ana).get(reverse("referral", args=[uuid4()])).status_code == 404


def test_a_reviewer_reads_the_report_before_approving(case: Case, as_: Sign) -> None:
    page = shown(as_(case.rae), "referral", referred(case))
    assert "The report, as the recipient reads it" in page and "more than 150,000" in page


def test_two_approvals_in_the_pages_sign_it(case: Case, as_: Sign) -> None:
    made = referred(case)
    assert "One more person" in told(as_(case.ben), "referral-approve", made)
    assert "the pack is signed" in told(as_(case.rae), "referral-approve", made)


def test_its_author_is_told_why_they_cannot_approve(case: Case, as_: Sign) -> None:
    made = referred(case)
    page = told(as_(case.ana), "referral-approve", made)
    assert "You made this referral" in page and not Referral.objects.get().first_approver_id


def test_the_page_offers_no_approval_to_its_author(case: Case, as_: Sign) -> None:
    made = referred(case)
    assert reverse("referral-approve", args=[made]) not in shown(as_(case.ana), "referral", made)


def test_a_pack_is_downloaded_once_it_is_signed(case: Case, as_: Sign) -> None:
    response = as_(case.ana).post(reverse("referral-download", args=[approved(case)]))
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert {"manifest.json", "manifest.json.jws", "report.pdf"} <= set(archive.namelist())


def test_a_pack_is_not_downloaded_before(case: Case, as_: Sign) -> None:
    page = told(as_(case.ana), "referral-download", referred(case))
    assert "has to be approved or sent" in page


def test_a_download_is_written_down_object_by_object(case: Case, as_: Sign) -> None:
    as_(case.ana).post(reverse("referral-download", args=[approved(case)]))
    events = AuditEvent.objects.filter(act="disclose object", actor="ana")
    assert events.count() == Referral.objects.get().object_count


def test_a_link_downloads_nothing(case: Case, as_: Sign) -> None:
    target = reverse("referral-download", args=[approved(case)])
    assert as_(case.ana).get(target).status_code == 405


def test_to_whom_it_went_is_shown(case: Case, as_: Sign) -> None:
    page = told(as_(case.ana), "referral-sent", approved(case), to="The clerk, by hand")
    assert "Handed over to The clerk, by hand" in page


def test_why_it_was_withdrawn_is_shown(case: Case, as_: Sign) -> None:
    page = told(as_(case.ana), "referral-withdraw", referred(case), reason="Second thoughts")
    assert "Withdrawn: Second thoughts" in page


def test_a_permission_lets_amber_go(case: Case, as_: Sign) -> None:
    ministry = case.recipient("Ministry", max_tlp=2)
    given = {"recipient": ministry.pk, "originator": case.birch.pk, "words": "By letter."}
    page = told(as_(case.ana), "referral-permit", CAMPAIGN, **given)
    assert "has not permitted it" not in page


def test_nobody_permits_in_the_name_of_who_is_not_concerned(case: Case, as_: Sign) -> None:
    given = {"recipient": case.recipient().pk, "originator": case.alder.pk, "words": "We do."}
    told(as_(case.ana), "referral-permit", CAMPAIGN, **given)
    assert not Permission.objects.exists()


def test_an_ended_permission_is_shown_as_ended(case: Case, as_: Sign) -> None:
    ministry = case.recipient("Ministry", max_tlp=2)
    referring.permit(CAMPAIGN, case.birch, ministry, "By letter.", case.ana)
    page = told(as_(case.ana), "referral-end-permission", ministry.permissions.get().pk)
    assert "; ended" in page


def test_the_list_is_filtered_by_state(case: Case, as_: Sign) -> None:
    referring.withdraw(referred(case), case.ana, "Second thoughts")
    page = shown(as_(case.ana), "referrals", query="?state=draft")
    assert "Alleged campaign" not in page


def test_a_filter_that_is_none_is_no_error(case: Case, as_: Sign) -> None:
    assert as_(case.ana).get(reverse("referrals") + "?state=x&at=y").status_code == 200


def test_the_list_goes_on_where_a_page_ended(
    case: Case, as_: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indicators.referrals.looking.ROWS", 1)
    first, second = referred(case), referred(case)
    client = as_(case.ana)
    page = client.get(reverse("referrals"))
    older = page.context["page"].older
    following = shown(client, "referrals", query=f"?{older}")
    assert str(first) in following and str(second) not in following


def test_an_administrator_registers_a_recipient(case: Case, as_: Sign) -> None:
    adam = case.person("adam", Role.ADMINISTRATOR)
    given = {"name": "Court", "kind": "authority", "address": "", "max_tlp": "1"}
    assert "Court may get packs now" in told(as_(adam), "recipients", **given)


def test_a_recipient_is_registered_once(case: Case, as_: Sign) -> None:
    adam, court = case.person("adam", Role.ADMINISTRATOR), case.recipient("Court")
    given = {"name": court.name, "kind": "authority", "max_tlp": "1"}
    assert "There is a recipient of that name" in told(as_(adam), "recipients", **given)


def test_what_a_recipient_may_get_can_be_changed(case: Case, as_: Sign) -> None:
    adam, court = case.person("adam", Role.ADMINISTRATOR), case.recipient("Court")
    told(as_(adam), "recipient", court.pk, address="", max_tlp="0")
    assert Recipient.objects.get(pk=court.pk).max_tlp == 0


def test_the_list_asks_the_tables_a_few_times(
    case: Case, as_: Sign, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        referred(case)
    client = as_(case.ana)
    with django_assert_max_num_queries(18):
        shown(client, "referrals")


def test_a_referral_asks_the_tables_a_few_times(
    case: Case, as_: Sign, django_assert_max_num_queries: Any
) -> None:
    made, client = referred(case), as_(case.ben)
    with django_assert_max_num_queries(18):
        shown(client, "referral", made)


def test_the_page_to_make_one_asks_the_tables_a_few_times(
    case: Case, as_: Sign, django_assert_max_num_queries: Any
) -> None:
    query, client = f"?recipient={case.recipient().pk}", as_(case.ana)
    with django_assert_max_num_queries(30):
        shown(client, "referral-new", CAMPAIGN, query=query)
