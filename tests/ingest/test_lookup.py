"""Raw identifiers in, matches out: only what the asker may read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from federation.pseudonyms.keyholder import configured_key_holder, tokenize
from federation.pseudonyms.normalize import normalize
from federation.pseudonyms.voprf import token_text
from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import AuditEvent, Member
from indicators.store import custody
from indicators.store.admission import admit
from tests.ingest.conftest import Service, content
from tests.objects import TLP_GREEN, id_of, indicator, stix_object

KNOWN = {"kind": "email", "value": "jane.doe@example.org"}
OTHER = {"kind": "email", "value": "john.roe@example.org"}


@pytest.fixture
def published(alder: Service) -> str:
    """The id of Cedar's indicator with the token of KNOWN, in a collection that Alder may read."""
    cedar = Member.objects.create(name="Cedar", identity_id=id_of("identity", "Cedar"))
    collection = custody.open_collection(title="Shared", alias="shared", audience="members")
    custody.grant_access(collection, cedar, can_read=True, can_write=True)
    custody.grant_access(collection, alder.credential.member, can_read=True, can_write=False)
    (value, *_) = normalize("email", KNOWN["value"])
    ((token, *_),) = tokenize(configured_key_holder(), [value], datetime.now(UTC))
    extension = {
        "extension_type": "property-extension",
        "match_semantics": "exact",
        "kinds": [value.kind],
        "token_count": 1,
    }
    text = token_text(token[:5], token[5:])
    made = indicator(
        "known",
        pattern=f"[identifier-token:value IN ('{text}')]",
        confidence=80,
        object_marking_refs=[TLP_GREEN],
        extensions={EXTENSIONS["token-indicator"]: extension},
    )
    admit(collection, cedar, [stix_object(made)])
    return str(made["id"])


def results(service: Service, *identifiers: dict[str, str]) -> list[list[dict[str, object]]]:
    response = service.ask("lookup", {"identifiers": identifiers})
    assert response.status_code == 200, response.content
    return list(content(response)["results"])


def test_a_known_identifier_matches_with_score_marking_and_action(
    alder: Service, published: str
) -> None:
    assert results(alder, KNOWN) == [
        [
            {
                "indicator": published,
                "kind": "email",
                "score": 80,
                "marking": "TLP:GREEN",
                "action": "review",
            }
        ]
    ]


def test_answers_come_in_the_order_of_the_question(alder: Service, published: str) -> None:
    assert [len(each) for each in results(alder, OTHER, KNOWN, OTHER)] == [0, 1, 0]


def test_who_may_not_read_the_indicator_learns_nothing(birch: Service, published: str) -> None:
    assert results(birch, KNOWN) == [[]]


def test_a_lookup_is_audited_by_count(alder: Service, published: str) -> None:
    results(alder, KNOWN, OTHER)
    event = AuditEvent.objects.get(act="lookup")
    assert (event.actor, event.detail) == ("alder-service", {"count": 2, "matched": 1})


def test_ten_thousand_identifiers_are_answered_at_once(alder: Service, published: str) -> None:
    many = [{"kind": "device", "value": f"device-{n}"} for n in range(9_999)]
    assert sum(map(len, results(alder, *many, KNOWN))) == 1


def test_more_are_refused(alder: Service) -> None:
    many = [{"kind": "device", "value": f"device-{n}"} for n in range(10_001)]
    assert alder.ask("lookup", {"identifiers": many}).status_code == 422


def test_no_identifiers_are_no_question(alder: Service) -> None:
    assert alder.ask("lookup", {"identifiers": []}).status_code == 422


def test_an_identifier_that_is_none_matches_nothing(alder: Service) -> None:
    assert results(alder, {"kind": "ip", "value": "nowhere"}) == [[]]


def test_a_number_in_national_form_needs_its_region(alder: Service) -> None:
    phone = {"kind": "phone", "value": "(415) 555-0132"}
    assert results(alder, phone, phone | {"region": "US"}) == [[], []]


def test_a_question_must_be_json(alder: Service) -> None:
    assert alder.post("lookup", b"{}", "text/plain").status_code == 415


def test_identifiers_count_against_the_allowance(alder: Service, settings: Any) -> None:
    settings.INGEST_LINES_PER_MINUTE = 10
    many = [{"kind": "device", "value": f"device-{n}"} for n in range(8)]
    results(alder, *many)
    assert alder.ask("lookup", {"identifiers": many}).status_code == 429


def test_a_key_holder_that_is_down_gets_503(alder: Service, settings: Any, published: str) -> None:
    settings.KEYHOLDER_URL = "http://127.0.0.1:9"
    settings.KEYHOLDER_USER = settings.KEYHOLDER_KEY = "x"
    response = alder.ask("lookup", {"identifiers": [KNOWN]})
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
