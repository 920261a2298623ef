"""A signed request is good once, at one place, for one body, for five minutes."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import http_message_signatures
import pytest
import requests as requests_library
from http_message_signatures import algorithms
from hypothesis import given
from hypothesis import strategies as st

from federation import requests
from federation.errors import FederationError, SignatureExpired, SigningRefused
from federation.keys import SigningKey

from .vectors import VECTORS, read_vectors

PUBLISHED = read_vectors("requests/rfc9421-b.2.6.json")
ALDER = read_vectors("requests/alder.json")
KEY = SigningKey.from_seed(bytes.fromhex(ALDER["seed"]))
NOW = datetime.fromtimestamp(ALDER["now"], UTC)
REFUSED = VECTORS / "requests" / "refused"
REASONS: dict[str, dict[str, Any]] = read_vectors("requests/refused/index.json")
URL = "https://cedar.example/keyholder/v1/evaluate?dry=1"


def verify(request: dict[str, Any], now: datetime = NOW) -> requests.Signer:
    return requests.verify_request(
        request["method"], request["url"], request["headers"], request["body"].encode(),
        KEY.public_key, now,
    )  # fmt: skip


def signed(url: str = URL, body: str = "{}") -> dict[str, Any]:
    headers = requests.sign_request("POST", url, body.encode(), KEY, NOW)
    return {"method": "POST", "url": url, "headers": headers, "body": body}


def test_the_published_example_is_signed_byte_for_byte() -> None:
    base = requests.signature_base(PUBLISHED["components"], PUBLISHED["parameters"])
    key = SigningKey.from_seed(bytes.fromhex(PUBLISHED["seed"]))
    assert base64.b64encode(key.sign(base)).decode() == PUBLISHED["signature"]
    assert key.public_key.hex() == PUBLISHED["public_key"]


@pytest.mark.parametrize("request_", ALDER["requests"])
def test_our_published_requests_are_accepted(request_: dict[str, Any]) -> None:
    assert verify(request_) == (ALDER["keyid"], ALDER["nonce"])


def test_the_published_digest_is_accepted() -> None:
    """RFC 9421's example body, under the digest printed there."""
    components = {
        "@method": "POST",
        "@target-uri": URL,
        "content-digest": PUBLISHED["content_digest"],
    }
    names = " ".join(f'"{name}"' for name in components)
    parameters = (
        f'({names});created={ALDER["now"]};nonce="{ALDER["nonce"]}";keyid="{ALDER["keyid"]}"'
        ';alg="ed25519"'
    )
    signature = KEY.sign(requests.signature_base(components.items(), parameters))
    headers = {
        "content-digest": PUBLISHED["content_digest"],
        "signature-input": f"a={parameters}",
        "signature": f"a=:{base64.b64encode(signature).decode()}:",
    }
    assert verify({"method": "POST", "url": URL, "headers": headers, "body": PUBLISHED["body"]})


@pytest.mark.parametrize("name", REASONS)
def test_a_refused_request_is_refused_for_its_reason(name: str) -> None:
    reason = REASONS[name]
    with pytest.raises(FederationError, match=reason["words"]) as refusal:
        verify(json.loads((REFUSED / name).read_text(encoding="utf-8")))
    assert refusal.type.__name__ == reason["error"]


def test_every_refused_file_has_a_reason_and_every_reason_a_file() -> None:
    assert {path.name for path in REFUSED.iterdir()} - {"index.json"} == set(REASONS)


def test_what_we_sign_we_accept() -> None:
    assert verify(signed()).key_id == ALDER["keyid"]


def test_no_two_signatures_share_a_nonce() -> None:
    assert len({verify(signed()).nonce for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("https://cedar.example", "https://cedar.example/"),
        ("https://CEDAR.example:443/a", "https://cedar.example/a"),
        ("http://127.0.0.1:80/a?", "http://127.0.0.1/a?"),
        ("http://[::1]:8000/a?b=%20", "http://[::1]:8000/a?b=%20"),
    ],
)
def test_one_place_may_be_spelled_in_two_ways(sent: str, received: str) -> None:
    assert verify({**signed(sent), "url": received})


@pytest.mark.parametrize(
    "url", ["ftp://cedar.example/", "https://", "https:///a", "//cedar.example/", "https://a/#b",
            "https://a/ b", "https://a:x/", "https://[::1/", "https://a\n/"],
)  # fmt: skip
def test_what_is_no_place_is_not_signed(url: str) -> None:
    with pytest.raises(SigningRefused):
        signed(url)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 30])
def test_a_signature_is_good_for_five_minutes(seconds: int) -> None:
    assert verify(signed(), NOW - timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 31])
def test_and_no_longer(seconds: int) -> None:
    with pytest.raises(SignatureExpired):
        verify(signed(), NOW - timedelta(seconds=seconds))


def test_a_nonce_is_remembered_for_as_long_as_its_signature_can_be_good() -> None:
    """The worst case: dated ahead as far as allowed, verified at once, replayed at the end."""
    ahead = NOW - requests.MAX_SKEW
    request = signed()
    assert verify(request, ahead)
    with pytest.raises(SignatureExpired):
        verify(request, ahead + requests.LIFETIME + timedelta(seconds=1))


@given(
    st.dictionaries(
        st.sampled_from(["Content-Digest", "Signature-Input", "Signature"]), st.text(), min_size=3
    )
)
def test_any_headers_are_refused_in_our_own_words(headers: dict[str, str]) -> None:
    with pytest.raises(FederationError):
        verify({**signed(), "headers": headers})


@given(st.data())
def test_no_changed_character_goes_unnoticed(data: st.DataObject) -> None:
    request = signed()
    name = data.draw(st.sampled_from(sorted(request["headers"])))
    value = request["headers"][name]
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    changed = value[:at] + other + value[at + 1 :]
    if changed != value:
        with pytest.raises(FederationError):
            verify({**request, "headers": {**request["headers"], name: changed}})


class _Keys(http_message_signatures.HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> Any:
        return KEY.private

    def resolve_public_key(self, key_id: str) -> Any:
        return KEY.private.public_key()


def prepared(headers: dict[str, str]) -> requests_library.PreparedRequest:
    return requests_library.Request("POST", URL, headers=headers, data=b"{}").prepare()


def test_another_implementation_accepts_what_we_sign() -> None:
    now = datetime.now(UTC)
    message = prepared(requests.sign_request("POST", URL, b"{}", KEY, now))
    verifier = http_message_signatures.HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519, key_resolver=_Keys()
    )
    [result] = verifier.verify(message, body=b"{}")
    assert {"@method", "@target-uri", "content-digest"} <= {
        name.strip('"') for name in result.covered_components
    }


def test_we_accept_what_another_implementation_signs() -> None:
    message = prepared({})
    signer = http_message_signatures.HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519, key_resolver=_Keys()
    )
    signer.sign(
        message, key_id=ALDER["keyid"], created=NOW, nonce=ALDER["nonce"], body=b"{}",
        covered_component_ids=("@method", "@target-uri", "content-digest"),
    )  # fmt: skip
    headers = dict(message.headers)
    assert verify({"method": "POST", "url": URL, "headers": headers, "body": "{}"})
