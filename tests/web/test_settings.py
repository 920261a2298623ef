"""Adam sets a node up: its organization, its clients, its detectors, its allow list."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from federation.keys import SigningKey, thumbprint
from federation.models import NodeKey
from federation.node_keys import current_key
from indicators.access import NotAuthenticated, authenticate
from indicators.detections.identifiers import allowlist
from indicators.models import (
    Allowed,
    AuditEvent,
    Collection,
    Credential,
    Detector,
    Errand,
    Member,
    Scope,
)
from indicators.pipeline import errands
from indicators.store.custody import ensure_own_member, open_collection
from tests.web.reading import html, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def own() -> Member:
    return ensure_own_member()


@pytest.fixture
def hydra() -> Detector:
    return Detector.objects.create(name="hydra-finder")


# --- The node ------------------------------------------------------------------------------------


def test_the_node_shows_its_keys(adam: Client) -> None:
    key = current_key(NodeKey.Purpose.OBJECT)
    assert thumbprint(key.public_key) in page(adam, reverse("settings"))


def test_the_node_says_how_long_it_keeps_what(adam: Client) -> None:
    assert "IDENTIFIER_DAYS" in page(adam, reverse("settings"))


def test_an_organization_is_named_by_a_person(adam: Client) -> None:
    adam.post(reverse("organization"), {"name": "Alder", "sector": "lab"})
    assert Member.objects.get(is_self=True).name == "Alder"


def test_the_name_of_another_member_is_refused(adam: Client, own: Member) -> None:
    Member.objects.create(name="Birch", identity_id="identity--x")
    adam.post(reverse("organization"), {"name": "Birch", "sector": "lab"})
    own.refresh_from_db()
    assert own.name != "Birch"


# --- API clients ---------------------------------------------------------------------------------


def created(adam: Client, own: Member, **more: Any) -> Any:
    form = {"name": "finder", "member": own.pk, "scopes": ["feed"], **more}
    return adam.post(reverse("client-new"), form)


def shown_key(answer: Any) -> str:
    return str(answer.context["key"])


def test_the_key_is_shown_once_and_opens_the_door(adam: Client, own: Member) -> None:
    answer = created(adam, own)
    caller = authenticate(f"Bearer {shown_key(answer)}")
    assert (caller.credential, answer["Cache-Control"]) == ("finder", "no-store")
    assert shown_key(answer) not in html(adam.get(reverse("clients")))


def test_a_client_of_a_detector_is_shown_the_command_that_sends(
    adam: Client, own: Member, hydra: Detector
) -> None:
    answer = created(adam, own, scopes=["ingest"], detector=hydra.pk)
    assert "/ingest/v1/detections?dry_run=true" in html(answer)


def test_a_client_is_shown_the_address_by_which_others_reach_the_node(
    adam: Client, own: Member, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://retort.alder.example"
    assert created(adam, own).context["taxii"] == "https://retort.alder.example/taxii2/"


def test_detections_come_from_a_detector(adam: Client, own: Member) -> None:
    answer = created(adam, own, scopes=["ingest"])
    assert answer.status_code == 422
    assert not Credential.objects.exists()


def test_a_client_expires_when_it_was_said(adam: Client, own: Member) -> None:
    created(adam, own, days=7)
    left = Credential.objects.get().expires_at - datetime.now(UTC)  # type: ignore[operator]
    assert timedelta(days=6) < left <= timedelta(days=7)


def test_a_public_key_is_taken_in_hexadecimal_digits(adam: Client, own: Member) -> None:
    key = SigningKey.generate().public_key
    created(adam, own, public_key=key.hex(), must_sign="on")
    made = Credential.objects.get()
    assert (bytes(made.public_key or b""), made.must_sign) == (key, True)


def test_who_must_sign_needs_a_public_key(adam: Client, own: Member) -> None:
    assert created(adam, own, must_sign="on").status_code == 422


def test_what_is_no_key_is_said_at_the_form(adam: Client, own: Member) -> None:
    answer = created(adam, own, public_key="-----BEGIN NONSENSE-----")
    assert "no public key in PEM" in html(answer, 422)


def test_a_name_that_is_taken_is_said_at_the_form(adam: Client, own: Member) -> None:
    created(adam, own)
    assert created(adam, own).status_code == 422


def test_a_revoked_key_opens_nothing_from_then_on(adam: Client, own: Member) -> None:
    key = shown_key(created(adam, own))
    adam.post(reverse("client-revoke", args=[Credential.objects.get().pk]))
    with pytest.raises(NotAuthenticated, match="revoked"):
        authenticate(f"Bearer {key}")
    assert AuditEvent.objects.filter(act="revoke credential", actor="adam").exists()


def test_the_list_of_clients_costs_as_much_for_many(
    adam: Client, own: Member, hydra: Detector, django_assert_max_num_queries: Any
) -> None:
    Credential.objects.bulk_create(
        Credential(member=own, name=f"c{number}", key_sha256=bytes([number]) * 32, detector=hydra)
        for number in range(30)
    )
    with django_assert_max_num_queries(12):
        page(adam, reverse("clients"))


# --- Detectors -----------------------------------------------------------------------------------


def form_of(collection: Collection | None = None, **more: Any) -> dict[str, Any]:
    said = {"policy": "review", "tlp": 1, "version": "2", "false_positive_rate": "0.01"}
    return {**said, "collection": collection.pk if collection else "", **more}


def test_a_detector_is_registered_with_what_becomes_of_its_findings(adam: Client) -> None:
    labs = open_collection(title="Labs")
    adam.post(reverse("detector-new"), form_of(labs, name="hydra-finder", policy="publish"))
    made = Detector.objects.get(name="hydra-finder")
    assert (made.policy, made.collection, made.tlp) == ("publish", labs, 1)


def test_no_inbox_is_offered_to_a_detector(adam: Client) -> None:
    inbox = open_collection(title="Inbox", audience="named", is_inbox=True)
    answer = adam.post(reverse("detector-new"), form_of(inbox, name="hydra-finder"))
    assert answer.status_code == 422


def test_what_becomes_of_findings_is_written_down(adam: Client, hydra: Detector) -> None:
    adam.post(reverse("detector", args=[hydra.pk]), form_of(policy="publish"))
    event = AuditEvent.objects.get(act="set detector")
    assert (event.actor, event.detail["policy"]) == ("adam", "publish")


def test_a_demotion_is_explained_with_the_bound(adam: Client, hydra: Detector) -> None:
    Detector.objects.update(
        demoted_at=datetime.now(UTC),
        demoted_because="9 of 20 reviewed findings were false positives.",
        reviewed_count=20,
        false_positive_count=9,
    )
    shown = adam.get(reverse("detector", args=[hydra.pk]))
    assert "9 of 20" in html(shown)
    assert shown.context["bound"] > 0.45


def test_a_detector_that_is_trusted_again_begins_anew(adam: Client, hydra: Detector) -> None:
    Detector.objects.update(demoted_at=datetime.now(UTC), reviewed_count=20, false_positive_count=9)
    adam.post(reverse("detector-trust", args=[hydra.pk]))
    hydra.refresh_from_db()
    assert (hydra.policy, hydra.reviewed_count, hydra.demoted_at) == ("publish", 0, None)


def test_what_people_submit_is_never_published_by_itself(adam: Client) -> None:
    analysts = Detector.objects.create(name="analysts")
    answer = adam.post(reverse("detector", args=[analysts.pk]), form_of(policy="publish"))
    assert answer.status_code == 422
    analysts.refresh_from_db()
    assert analysts.policy == "review"


# --- The allow list ------------------------------------------------------------------------------


def allow(adam: Client, lines: str, kind: str = "", **more: Any) -> Any:
    form = {"lines": lines, "kind": kind, "reason": "Evaluations of the vendor", **more}
    return adam.post(reverse("allow-list"), form)


def test_kinds_are_recognized_by_their_form(adam: Client) -> None:
    allow(adam, "ana@example.org\n@example.net\n192.0.2.7\n198.51.100.0/24\nexample.com")
    kinds = set(Allowed.objects.values_list("kind", flat=True))
    assert kinds == {"email", "email-domain", "ip", "network", "domain"}


def test_a_kind_can_be_said_in_the_line(adam: Client) -> None:
    allow(adam, "device, 0123456789abcdef0123456789abcdef")
    assert Allowed.objects.get().kind == "device"


def test_all_lines_are_taken_or_none_and_faults_name_their_line_alone(adam: Client) -> None:
    answer = allow(adam, "ana@example.org\nnot-an-identifier\n")
    assert not Allowed.objects.exists()
    faults = answer.context["form"].errors["lines"]
    assert faults[0].startswith("Line 2:")
    assert "not-an-identifier" not in " ".join(faults)


def test_what_is_on_the_list_already_is_no_fault(adam: Client) -> None:
    allow(adam, "ana@example.org")
    allow(adam, "Ana@example.org\nben@example.org")
    assert Allowed.objects.count() == 2


def test_an_entry_is_on_the_list_that_detections_meet(adam: Client) -> None:
    allow(adam, "ana@example.org")
    assert ("email-canonical", "ana@example.org") in allowlist.load().values


def test_the_page_shows_kinds_and_reasons_and_no_values(adam: Client) -> None:
    allow(adam, "ana@example.org")
    shown = html(adam.get(reverse("allow-list")))
    assert "Evaluations of the vendor" in shown
    assert "ana@example.org" not in shown


def test_every_entry_is_written_down_without_its_value(adam: Client) -> None:
    allow(adam, "ana@example.org\n192.0.2.7")
    events = AuditEvent.objects.filter(act="allow", actor="adam")
    assert {each.detail["kind"] for each in events} == {"email", "ip"}
    assert "example.org" not in str([each.detail for each in events])


def test_many_lines_cost_as_many_statements_as_one(
    adam: Client, django_assert_max_num_queries: Any
) -> None:
    lines = "\n".join(f"user{number}@example.org" for number in range(500))
    with django_assert_max_num_queries(30):
        allow(adam, lines)
    assert Allowed.objects.count() == 500


def test_an_entry_is_taken_off(adam: Client) -> None:
    allow(adam, "ana@example.org")
    adam.post(reverse("allow-list-remove", args=[Allowed.objects.get().pk]))
    assert not Allowed.objects.exists()


def test_a_long_list_is_read_page_by_page(adam: Client) -> None:
    allow(adam, "\n".join(f"user{number}@example.org" for number in range(150)))
    url = reverse("allow-list")
    first = adam.get(url).context["page"]
    second = adam.get(f"{url}?{first.older}").context["page"]
    assert len({each.pk for each in [*first.rows, *second.rows]}) == 150


def test_a_worker_applies_the_list_to_what_is_held(adam: Client) -> None:
    adam.post(reverse("allow-list-apply"))
    errand = Errand.objects.get()
    errands.run_errand(errand.pk)
    shown = html(adam.get(reverse("allow-list")))
    assert "Taking back what is on the allow list: done." in shown
    assert AuditEvent.objects.filter(act="apply allow list", actor="adam").exists()


def test_a_client_begins_with_the_detector_that_the_link_names(
    adam: Client, own: Member, hydra: Detector
) -> None:
    shown = adam.get(reverse("client-new"), {"detector": "hydra-finder"})
    assert shown.context["form"]["scopes"].value() == [Scope.INGEST, Scope.FEEDBACK]
