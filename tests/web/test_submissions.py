"""The submission pages: written, checked, looked at, sent, followed."""

import csv
import io
import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from indicators import pipeline
from indicators.detections.submissions import pieces
from indicators.models import (
    Collection,
    Draft,
    DraftState,
    Grant,
    Member,
    Piece,
    PieceRole,
    Role,
    Submission,
    SubmissionState,
)
from tests.contributing.working import work
from tests.objects import id_of
from tests.people.persons import somebody
from tests.web.reading import page

pytestmark = pytest.mark.django_db

CLAIM = {
    "claims-0-organization": "Example Laboratory",
    "claims-0-claimed_by": "Birch",
    "claims-0-status": "alleged",
    "claims-0-basis": ["ip-correlation"],
    "claims-0-source": "Birch's report",
}


@pytest.fixture
def ana(client: Client) -> User:
    user = somebody("ana", Role.ANALYST)
    client.force_login(user)
    return user


@pytest.fixture
def begun(ana: User) -> str:
    return f"/submissions/{pipeline.begin_submission(ana)}/"


def told(shared: Collection, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Long winter",
        "collection": str(shared.pk),
        "tlp": "green",
        "allegation_status": "alleged",
        "claims-TOTAL_FORMS": "1",
        "claims-INITIAL_FORMS": "0",
        "act": "prepare",
        **changes,
    }


def test_someone_without_submissions_reads_what_they_are_for(client: Client, ana: User) -> None:
    assert "You have submitted nothing yet" in page(client, "/submissions/")


def test_a_new_submission_begins_with_a_name(client: Client, ana: User) -> None:
    answer = client.post("/submissions/new/", {"name": "Long winter"}, follow=True)
    assert "Long winter" in answer.content.decode()


def test_opening_the_form_of_a_new_one_makes_none(client: Client, ana: User) -> None:
    client.get("/submissions/new/")
    assert not Submission.objects.exists()


def test_half_a_submission_is_saved_as_it_was_typed(client: Client, begun: str) -> None:
    typed = {"name": "Half", "interaction_count": "many", "act": "autosave"}
    assert client.post(f"{begun}edit/", typed).status_code == 204
    assert 'value="many"' in page(client, f"{begun}edit/")


def test_what_is_typed_lies_sealed(client: Client, begun: str) -> None:
    client.post(f"{begun}edit/", {"name": "Secret winter", "act": "save"})
    assert all(b"Secret" not in bytes(each.sealed) for each in Piece.objects.all())


def test_what_is_not_in_order_is_said_where_it_was_typed(
    client: Client, begun: str, shared: Collection
) -> None:
    posted = told(shared, interaction_count="many")
    answer = client.post(f"{begun}edit/", posted, follow=True)
    assert "Enter a whole number" in answer.content.decode()


def test_a_marking_too_strict_for_the_collection_is_said(
    client: Client, begun: str, shared: Collection
) -> None:
    answer = client.post(f"{begun}edit/", told(shared, tlp="red"), follow=True)
    assert "takes TLP:AMBER+STRICT at most" in answer.content.decode()


def test_a_claim_without_a_source_is_said(client: Client, begun: str, shared: Collection) -> None:
    posted = told(shared, **{**CLAIM, "claims-0-source": ""})
    answer = client.post(f"{begun}edit/", posted, follow=True)
    assert "Say where it can be read" in answer.content.decode()


def test_a_person_is_not_named_in_a_claim(client: Client, begun: str, shared: Collection) -> None:
    posted = told(shared, **{**CLAIM, "claims-0-organization": "Dr. Mallory"})
    answer = client.post(f"{begun}edit/", posted, follow=True)
    assert "looks like a person" in answer.content.decode()


def prepared(client: Client, begun: str, shared: Collection, **changes: Any) -> None:
    assert client.post(f"{begun}edit/", told(shared, **changes)).status_code == 302
    work()


def test_the_preview_shows_what_peers_will_see(
    client: Client, begun: str, shared: Collection
) -> None:
    prepared(client, begun, shared, interaction_count="150,000", interaction_count_qualifier="gt")
    shown = page(client, begun)
    assert "Long winter" in shown
    assert "&gt; 150,000" in shown


def test_the_preview_says_what_became_tokens(
    client: Client, begun: str, shared: Collection
) -> None:
    client.post(f"{begun}evidence/", {"pasted": "one@example.org\n198.51.100.7", "act": "save"})
    prepared(client, begun, shared)
    assert "email-canonical" in page(client, begun)


def test_the_preview_names_who_will_get_it(client: Client, begun: str, shared: Collection) -> None:
    birch = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    Grant.objects.create(member=birch, collection=shared)
    prepared(client, begun, shared)
    assert "Birch" in page(client, begun)


def test_what_the_gate_refuses_is_said_by_its_field(
    client: Client, begun: str, shared: Collection
) -> None:
    prepared(client, begun, shared, description="Write to one@example.org.")
    assert "<strong>What is known</strong>: looks like an e-mail address" in page(client, begun)


def test_a_source_by_a_member_is_that_members_claim(
    client: Client, begun: str, shared: Collection
) -> None:
    birch = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    prepared(client, begun, shared, **CLAIM)
    assert birch.identity_id in page(client, begun)


def test_words_that_leave_are_listed_once(client: Client, begun: str, shared: Collection) -> None:
    prepared(client, begun, shared, **CLAIM)
    listed = page(client, begun).split('id="words"')[1].split("</section>")[0]
    assert listed.count("Birch&#x27;s report") == 1


def test_a_claim_is_published_as_it_was_shown(
    client: Client, begun: str, shared: Collection
) -> None:
    prepared(client, begun, shared, **CLAIM)
    pipeline.approve(sent(client, begun).pk, somebody("rae", Role.REVIEWER))
    work()
    assert "Who holds it" in page(client, begun)


def sent(client: Client, begun: str) -> Draft:
    draft = re.search(r'name="draft" value="([^"]+)"', page(client, begun))
    assert draft is not None
    client.post(f"{begun}send/", {"draft": draft[1]})
    return Draft.objects.get(pk=draft[1])


def test_what_was_looked_at_is_sent_to_review(
    client: Client, begun: str, shared: Collection
) -> None:
    prepared(client, begun, shared)
    assert sent(client, begun).state == DraftState.REVIEW
    assert "It waits for a reviewer" in page(client, begun)


def test_another_version_than_the_one_looked_at_is_not_sent(
    client: Client, begun: str, shared: Collection
) -> None:
    prepared(client, begun, shared)
    answer = client.post(f"{begun}send/", {"draft": str(uuid4())}, follow=True)
    assert "has changed meanwhile" in answer.content.decode()


def test_its_author_reads_why_it_came_back(client: Client, begun: str, shared: Collection) -> None:
    prepared(client, begun, shared)
    pipeline.return_draft(
        sent(client, begun).pk, somebody("rae", Role.REVIEWER), "Say which model."
    )
    assert "Say which model." in page(client, begun)


def test_after_publication_it_says_who_holds_it(
    client: Client, begun: str, shared: Collection
) -> None:
    birch = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    Grant.objects.create(member=birch, collection=shared)
    prepared(client, begun, shared)
    pipeline.approve(sent(client, begun).pk, somebody("rae", Role.REVIEWER))
    work()
    shown = page(client, begun)
    assert "Who holds it" in shown
    assert "not yet" in shown


def test_a_published_submission_is_written_in_again(
    client: Client, begun: str, shared: Collection
) -> None:
    prepared(client, begun, shared)
    pipeline.approve(sent(client, begun).pk, somebody("rae", Role.REVIEWER))
    work()
    client.post(f"{begun}reopen/")
    prepared(client, begun, shared, name="Longer winter")
    assert "Longer winter" in page(client, begun)


def test_giving_up_destroys_the_identifiers(client: Client, begun: str) -> None:
    client.post(f"{begun}evidence/", {"pasted": "one@example.org", "act": "save"})
    client.post(f"{begun}abandon/")
    assert not Piece.objects.exclude(role__in=["typed", "stated"]).exists()


@pytest.mark.parametrize(
    "path", ["", "edit/", "evidence/", "evidence/faults/"], ids=lambda path: path or "preview"
)
def test_nobody_else_sees_it(client: Client, begun: str, path: str) -> None:
    client.force_login(somebody("ben", *Role))
    assert client.get(f"{begun}{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["edit/", "evidence/", "evidence/drop/", "prepare/", "reopen/", "abandon/"]
)
def test_nobody_else_changes_it(client: Client, begun: str, path: str) -> None:
    client.force_login(somebody("ben", Role.ANALYST))
    assert client.post(f"{begun}{path}", {"name": "Mine"}).status_code == 404


# --- Identifiers ---


def upload(client: Client, begun: str, content: bytes) -> str:
    file = SimpleUploadedFile("accounts.csv", content, content_type="text/csv")
    answer = client.post(f"{begun}evidence/upload/", {"file": file}, follow=True)
    return answer.content.decode()


def test_an_uploaded_table_is_counted_by_kind(client: Client, begun: str) -> None:
    upload(client, begun, b"account,kind,value\na1,email,one@example.org\na1,ip,198.51.100.7\n")
    work()
    shown = page(client, f"{begun}evidence/")
    assert "2 identifiers of 1 account" in shown


def test_only_what_was_uploaded_can_be_destroyed(client: Client, begun: str) -> None:
    client.post(f"{begun}evidence/", {"act": "save", "pasted": "a1, email, one@example.org"})
    assert "Destroy the uploaded table" not in client.get(f"{begun}evidence/").text
    upload(client, begun, b"account,kind,value\na1,email,two@example.org\n")
    assert "Destroy the uploaded table" in client.get(f"{begun}evidence/").text


def test_an_upload_lies_sealed_and_whole(client: Client, begun: str) -> None:
    content = b"one@example.org\n" * 40_000
    upload(client, begun, content)
    held = pieces.read(Submission.objects.get().pk, PieceRole.UPLOADED)
    assert held == content
    assert all(b"example.org" not in bytes(each.sealed) for each in Piece.objects.all())


def test_an_upload_that_is_too_large_leaves_nothing(client: Client, begun: str) -> None:
    assert "more than 16 MiB" in upload(client, begun, b"a" * ((16 << 20) + (1 << 18)))
    assert not Piece.objects.filter(role=PieceRole.UPLOADED).exists()


def test_an_upload_without_the_token_of_the_page_is_refused(ana: User, begun: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana)
    file = SimpleUploadedFile("accounts.csv", b"one@example.org")
    answer = strict.post(f"{begun}evidence/upload/", {"file": file})
    assert answer.status_code == 403
    assert not Piece.objects.filter(role=PieceRole.UPLOADED).exists()


def test_rows_at_fault_are_downloaded_by_line_and_never_by_value(
    client: Client, begun: str
) -> None:
    upload(client, begun, b"account,kind,value\na1,email,no-address\na2,shoe,forty-two\n")
    work()
    answer = page(client, f"{begun}evidence/faults/")
    rows = list(csv.DictReader(io.StringIO(answer)))
    assert [(row["line"], row["kind"]) for row in rows] == [("2", "email"), ("3", "")]
    assert "no-address" not in answer + page(client, f"{begun}evidence/")


def test_a_saved_paste_is_read_again_only_if_it_changed(client: Client, begun: str) -> None:
    for _ in range(2):
        client.post(f"{begun}evidence/", {"pasted": "one@example.org", "act": "save"})
    assert Submission.objects.get().evidence_version == 1


def test_a_save_by_itself_that_comes_too_late_is_refused(client: Client, begun: str) -> None:
    Submission.objects.update(state=SubmissionState.SENT)
    answer = client.post(f"{begun}edit/", {"name": "Late", "act": "autosave"})
    assert answer.status_code == 409


# --- Bounds ---


def test_the_list_asks_as_much_for_many_as_for_one(
    client: Client, ana: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        pipeline.begin_submission(ana, b'{"name": ["Winter %d"]}' % number)
    with django_assert_max_num_queries(15):
        shown = page(client, "/submissions/")
    assert "Winter 59" in shown
    older = re.search(r'href="\?([^"]+)"', shown)
    assert older is not None
    assert "Winter 0" in page(client, f"/submissions/?{older[1].replace('&amp;', '&')}")


def test_the_preview_asks_as_much_for_many_objects_as_for_one(
    client: Client, begun: str, shared: Collection, django_assert_max_num_queries: Any
) -> None:
    pasted = "\n".join(f"a{n}, device, device-{n}" for n in range(15_000))
    client.post(f"{begun}evidence/", {"pasted": pasted, "act": "save"})
    prepared(client, begun, shared)
    with django_assert_max_num_queries(26):
        shown = page(client, begun)
    assert "Page 1 of 6" in shown
