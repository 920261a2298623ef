"""Which doors a credential opens, and when a request must be signed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory

from federation.keys import SigningKey
from federation.models import SeenNonce
from federation.requests import sign_request
from indicators import access
from indicators.access import Caller, NotAuthenticated, OutsideScope, authenticate, verify_signed
from indicators.models import Collection, Credential, Detector, Member, Scope
from indicators.store.custody import grant_access, open_collection
from tests.objects import envelope, id_of, indicator

pytestmark = pytest.mark.django_db

KEY = SigningKey.generate()
TAXII = "application/taxii+json;version=2.1"


@pytest.fixture
def alder() -> Member:
    return Member.objects.create(name="Alder", identity_id=id_of("identity", "Alder"))


@pytest.fixture
def shared(alder: Member) -> Collection:
    collection = open_collection(title="Shared", alias="shared")
    grant_access(collection, alder, can_read=True, can_write=True)
    return collection


def credential(member: Member, **facts: Any) -> str:
    """The key of a new credential `bot`."""
    return access.make_credential(member, "bot", **facts)[1]


def caller(member: Member, **facts: Any) -> Caller:
    return authenticate(f"Bearer {credential(member, **facts)}")


def signing(member: Member, **facts: Any) -> Caller:
    return caller(member, public_key=KEY.public_key, **facts)


def request(body: bytes = b"{}", *, key: SigningKey | None = KEY, **headers: str) -> Any:
    """A POST to the feed, signed by `key`."""
    url = "http://localhost/taxii2/root/?a=1"
    made = sign_request("POST", url, body, key, datetime.now(UTC)) if key else {}
    return RequestFactory(headers={"Host": "localhost", **made, **headers}).post(
        "/taxii2/root/?a=1", body, content_type=TAXII
    )


@pytest.mark.parametrize("scope", Scope)
def test_a_credential_opens_the_doors_it_was_made_for(alder: Member, scope: Scope) -> None:
    key = credential(alder, scopes=[scope])
    assert authenticate(f"Bearer {key}", scope=scope).scopes == {scope}


@pytest.mark.parametrize("scope", sorted(set(Scope) - {Scope.FEED}))
def test_a_key_for_one_door_opens_no_other(alder: Member, scope: Scope) -> None:
    key = credential(alder, scopes=[Scope.FEED])
    with pytest.raises(OutsideScope, match=f"not for {scope}"):
        authenticate(f"Bearer {key}", scope=scope)


def test_a_certificate_has_scopes_too(alder: Member) -> None:
    access.register_certificate(alder, "bot", b"der", scopes=[Scope.LOOKUP])
    with pytest.raises(OutsideScope):
        authenticate("", b"der")


def test_a_caller_says_which_credential_and_detector_it_is(alder: Member) -> None:
    detector = Detector.objects.create(name="hydra")
    found = caller(alder, detector=detector)
    assert (found.credential_id, found.detector_id) == (Credential.objects.get().pk, detector.pk)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["feed", "x"]])
def test_a_credential_needs_scopes_that_exist(alder: Member, scopes: list[str]) -> None:
    with pytest.raises(ValidationError, match="Scopes"):
        credential(alder, scopes=scopes)


def test_who_must_sign_needs_a_key(alder: Member) -> None:
    with pytest.raises(ValidationError, match="public key"):
        credential(alder, must_sign=True)


def test_a_public_key_of_another_length_is_refused(alder: Member) -> None:
    with pytest.raises(ValidationError, match="32 bytes"):
        credential(alder, public_key=bytes(31))


def test_the_feed_is_closed_to_a_credential_for_ingest(alder: Member, shared: Collection) -> None:
    key = credential(alder, scopes=[Scope.INGEST])
    client = Client(headers={"Authorization": f"Bearer {key}", "Accept": TAXII})
    response = client.get("/taxii2/root/collections/shared/objects/")
    assert response.status_code == 403
    assert client.get(f"/logs/{shared.pk}/checkpoint").status_code == 403


def test_a_signed_request_is_accepted_once(alder: Member) -> None:
    ours, who = request(), signing(alder)
    verify_signed(ours, who, b"{}")
    with pytest.raises(NotAuthenticated, match="received before"):
        verify_signed(ours, who, b"{}")


def test_an_unsigned_request_costs_no_nonce(alder: Member) -> None:
    verify_signed(request(key=None), signing(alder), b"{}")
    assert not SeenNonce.objects.exists()


def test_a_refused_signature_uses_up_no_nonce(alder: Member) -> None:
    with pytest.raises(NotAuthenticated):
        verify_signed(request(), signing(alder), b"another body")
    assert not SeenNonce.objects.exists()


def test_who_must_sign_is_refused_unsigned(alder: Member) -> None:
    with pytest.raises(NotAuthenticated, match="sign it"):
        verify_signed(request(key=None), signing(alder, must_sign=True), b"{}")


def test_a_wrong_signature_is_refused_also_from_who_need_not_sign(alder: Member) -> None:
    with pytest.raises(NotAuthenticated, match="registered key"):
        verify_signed(request(key=SigningKey.generate()), signing(alder), b"{}")


@pytest.mark.parametrize("header", ["Signature", "Signature-Input"])
def test_half_a_signature_is_refused(alder: Member, header: str) -> None:
    with pytest.raises(NotAuthenticated):
        verify_signed(request(key=None, **{header: "sig1=x"}), signing(alder), b"{}")


def test_a_signature_nobody_can_verify_is_refused(alder: Member) -> None:
    with pytest.raises(NotAuthenticated, match="no public key"):
        verify_signed(request(), caller(alder), b"{}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000"])
def test_a_request_signed_for_another_host_is_refused(alder: Member, host: str) -> None:
    with pytest.raises(NotAuthenticated, match="differ"):
        verify_signed(request(Host=host), signing(alder), b"{}")


def over_taxii(key: str, method: str, path: str, body: bytes = b"", *, signed: bool = True) -> int:
    headers = {"Authorization": f"Bearer {key}", "Accept": TAXII, "Host": "localhost"}
    if signed:
        url = f"http://localhost{path}"
        headers |= sign_request(method, url, body, KEY, datetime.now(UTC))
    send = Client(headers=headers).generic
    return send(method, path, body, content_type=TAXII).status_code


@pytest.mark.parametrize(
    ("method", "body", "status"), [("GET", b"", 200), ("POST", envelope(indicator("a")), 202)]
)
def test_the_feed_takes_signed_requests(
    alder: Member, shared: Collection, method: str, body: bytes, status: int
) -> None:
    key = credential(alder, public_key=KEY.public_key, must_sign=True)
    path = "/taxii2/root/collections/shared/objects/"
    assert over_taxii(key, method, path, body) == status
    assert over_taxii(key, method, path, body, signed=False) == 401


def test_an_object_is_deleted_by_a_signed_request_only(alder: Member, shared: Collection) -> None:
    key = credential(alder, public_key=KEY.public_key, must_sign=True)
    path = "/taxii2/root/collections/shared/objects/"
    over_taxii(key, "POST", path, envelope(indicator("a")))
    one = f"{path}{id_of('indicator', 'a')}/"
    assert over_taxii(key, "DELETE", one, signed=False) == 401
    assert over_taxii(key, "DELETE", one) == 200


def test_a_log_is_read_by_signed_requests_too(alder: Member, shared: Collection) -> None:
    key = credential(alder, public_key=KEY.public_key, must_sign=True)
    path = f"/logs/{shared.pk}/checkpoint"
    assert over_taxii(key, "GET", path) == 200
    assert over_taxii(key, "GET", path, signed=False) == 401
