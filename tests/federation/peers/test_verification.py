"""Nothing enters in another's name: each step of the verification refuses, with its reason."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.canonical import canonical, digest
from federation.errors import PeerMisbehaved
from federation.peers.ring import KeyRing, RingKey
from federation.peers.verification import (
    Accepted,
    Publisher,
    Refused,
    Verified,
    read_object,
    read_page,
    verify_objects,
)
from federation.signing import EXTENSION

from .organizations import ALDER, BIRCH, CEDAR, FORUM_LOG, MALLORY, Signer, ring

ALDERS_LOG = Publisher(ALDER.identity_id, ALDER.origin)
FORUMS_LOG = Publisher(Signer("Forum").identity_id, FORUM_LOG)
MALLORYS_LOG = Publisher(MALLORY.identity_id, MALLORY.origin)
PLAIN = Publisher(Signer("Plain").identity_id, None)
RETIRED = Signer("Alder", number=0)
UNTIL = {ALDER.origin: 10, FORUM_LOG: 5}


def envelope(*bodies: bytes) -> bytes:
    return b'{"objects":[' + b",".join(bodies) + b"]}"


def verify(
    *bodies: bytes,
    places: Sequence[int] | None = None,
    known: KeyRing | None = None,
    publisher: Publisher = ALDERS_LOG,
    required: bool = True,
) -> Verified:
    received = read_page(envelope(*bodies), len(bodies))
    return verify_objects(
        received, places, known or ring(), publisher, signatures_required=required
    )


def accepted(*bodies: bytes, **facts: Any) -> Accepted:
    [only] = verify(*bodies, **facts).accepted
    return only


def refused(*bodies: bytes, **facts: Any) -> Refused:
    [only] = verify(*bodies, **facts).refused
    return only


def tampered(body: bytes, **changes: Any) -> bytes:
    return canonical({**orjson.loads(body), **changes})


def stripped(body: bytes) -> bytes:
    value = orjson.loads(body)
    del value["extensions"]
    return canonical(value)


def with_jws(body: bytes, jws: Any) -> bytes:
    value = orjson.loads(body)
    value["extensions"][EXTENSION]["jws"] = jws
    return canonical(value)


INDICATOR = ALDER.sign(ALDER.indicator())

# --- Step 1: the page ----------------------------------------------------------------------------


def test_a_page_is_read_in_its_order() -> None:
    bodies = [ALDER.sign(ALDER.indicator(n)) for n in range(3)]
    assert [each.body for each in read_page(envelope(*bodies), 3)] == bodies


def test_what_is_read_has_its_names_and_its_digest() -> None:
    [only] = read_page(envelope(INDICATOR), 1)
    assert (only.stix_id, only.created_by, only.sha256) == (
        ALDER.indicator()["id"],
        ALDER.identity_id,
        digest(INDICATOR),
    )


def test_what_is_served_with_spaces_is_read_in_canonical_form() -> None:
    spaced = orjson.dumps(orjson.loads(INDICATOR), option=orjson.OPT_INDENT_2)
    assert read_page(envelope(spaced), 1)[0].body == INDICATOR


@pytest.mark.parametrize("content", [b"{}", b'{"objects":[]}', b'{"more":false}'])
def test_a_page_may_be_empty(content: bytes) -> None:
    assert read_page(content, 10) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"objects":{}}',
        b'{"objects":null}',
        b'{"objects":[],"objects":[]}',
        b'{"objects":[{"a":NaN}]}',
        b'{"objects":[{"a":1e400}]}',
        b'{"objects":[' + b"[" * 40 + b"]" * 40 + b"]}",
        b'{"objects":[' + b"[" * 200_000 + b"]" * 200_000 + b"]}",
        envelope(INDICATOR)[:-3],
    ],
)
def test_a_page_that_is_no_strict_envelope_is_refused(content: bytes) -> None:
    with pytest.raises(PeerMisbehaved):
        read_page(content, 10)


def test_a_page_with_more_than_was_asked_for_is_refused() -> None:
    with pytest.raises(PeerMisbehaved, match="3 objects where 2 were asked for"):
        read_page(envelope(INDICATOR, INDICATOR, INDICATOR), 2)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_page_or_misconduct(content: bytes) -> None:
    with suppress(PeerMisbehaved):
        read_page(content, 10)


# --- Step 2: the object --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"5", b'"text"', b"null", b"[]", b"{}", b'{"id":5}', b'{"id":"indicator--1"}', b'{"id":""}'],
)
def test_what_is_no_object_with_an_id_is_refused_alone(body: bytes) -> None:
    verified = verify(body, INDICATOR)
    assert (len(verified.accepted), len(verified.refused)) == (1, 1)


@pytest.mark.parametrize("author", [5, "", "Alder", ["identity--1"], "indicator--" + "0" * 36])
def test_an_author_that_is_no_identity_is_refused(author: Any) -> None:
    body = canonical(ALDER.indicator(created_by_ref=author))
    assert "created_by_ref" in refused(body, required=False).reason


# --- Steps 3 and 7: whose it is ------------------------------------------------------------------


def test_an_object_with_its_authors_signature_is_the_authors() -> None:
    found = accepted(INDICATOR)
    assert (found.origin_id, found.signed_by) == (ALDER.identity_id, ALDER.kid)


def test_a_relayed_object_stays_its_authors() -> None:
    assert accepted(INDICATOR, publisher=FORUMS_LOG).origin_id == ALDER.identity_id


def test_an_object_of_a_plain_server_with_a_signature_is_its_authors() -> None:
    assert accepted(INDICATOR, publisher=PLAIN, required=False).origin_id == ALDER.identity_id


def test_nobody_signs_anothers_object() -> None:
    found = refused(MALLORY.sign(ALDER.indicator()), publisher=MALLORYS_LOG)
    assert "only its author can make or change it" in found.reason
    assert (found.is_forgery, found.may_pass_later) == (True, False)


def test_nobody_signs_in_the_name_of_somebody_unknown() -> None:
    assert refused(MALLORY.sign(CEDAR.indicator())).is_forgery


def test_an_object_without_an_author_is_its_signers() -> None:
    body = BIRCH.sign(BIRCH.indicator(created_by_ref=None))
    assert accepted(body, publisher=FORUMS_LOG).origin_id == BIRCH.identity_id


def identity(of: Signer, by: Signer | None) -> Mapping[str, Any]:
    return (by or of).indicator(
        type="identity", id=of.identity_id, created_by_ref=by and by.identity_id, name=of.name
    )


def test_a_member_describes_itself() -> None:
    assert accepted(ALDER.sign(identity(ALDER, None))).origin_id == ALDER.identity_id


@pytest.mark.parametrize("by", [None, MALLORY])
def test_nobody_describes_another_member(by: Signer | None) -> None:
    assert refused(MALLORY.sign(identity(ALDER, by))).is_forgery


def test_a_member_may_describe_who_is_no_member() -> None:
    body = MALLORY.sign(identity(CEDAR, MALLORY))
    assert accepted(body).origin_id == MALLORY.identity_id


# --- Step 4: without a signature -----------------------------------------------------------------


def test_a_stripped_signature_is_noticed_where_signatures_are_promised() -> None:
    assert "stripped" in refused(stripped(INDICATOR)).reason


def test_a_stripped_signature_is_noticed_where_none_is_promised() -> None:
    found = refused(stripped(INDICATOR), required=False, publisher=MALLORYS_LOG)
    assert (found.is_forgery, found.may_pass_later) == (True, False)


def test_an_identity_without_its_members_signature_is_noticed() -> None:
    body = canonical(dict(identity(ALDER, CEDAR)))
    assert "stripped" in refused(body, required=False, publisher=MALLORYS_LOG).reason


def test_what_nobody_signs_is_nobodys() -> None:
    found = accepted(canonical(CEDAR.indicator()), required=False)
    assert (found.origin_id, found.signed_by) == (None, None)


def test_what_nobody_signs_is_refused_where_signatures_are_promised() -> None:
    found = refused(canonical(CEDAR.indicator()))
    assert "promises signatures" in found.reason
    assert (found.is_forgery, found.may_pass_later) == (False, False)


# --- Steps 5, 6 and 8: the key, the signature, the member ----------------------------------------


def test_a_key_of_nobody_known_waits() -> None:
    found = refused(CEDAR.sign(CEDAR.indicator()))
    assert (found.is_forgery, found.may_pass_later) == (False, True)


def test_a_key_that_names_itself_is_not_believed() -> None:
    """A stolen kid: Mallory's signature under the header of Alder's key."""
    forged = MALLORY.sign(ALDER.indicator())
    jws = orjson.loads(INDICATOR)["extensions"][EXTENSION]["jws"].partition("..")[0]
    signature = orjson.loads(forged)["extensions"][EXTENSION]["jws"].partition("..")[2]
    found = refused(with_jws(forged, f"{jws}..{signature}"))
    assert "does not hold" in found.reason
    assert found.is_forgery


def test_an_altered_object_is_refused() -> None:
    found = refused(tampered(INDICATOR, confidence=99))
    assert "does not hold" in found.reason
    assert (found.is_forgery, found.may_pass_later) == (True, False)


@pytest.mark.parametrize(
    "jws",
    [
        "",
        "..",
        "a..b",
        5,
        None,
        "eyJhbGciOiJub25lIn0..",
        "eyJhbGciOiJub25lIn0.e30.AAAA",
        "x" * 100_000,
        "e30..AAAA",
        "ünicode..AAAA",
    ],
)
def test_a_malformed_signature_is_a_refusal(jws: Any) -> None:
    assert refused(with_jws(INDICATOR, jws)).is_forgery


def test_a_member_who_is_suspended_waits() -> None:
    found = refused(INDICATOR, known=ring(ALDER.ring_key(may_sign=False)))
    assert "is not a member now" in found.reason
    assert (found.is_forgery, found.may_pass_later) == (False, True)


# --- Step 9: where it stands ---------------------------------------------------------------------


def keys() -> tuple[RingKey, RingKey]:
    """Alder's retired key and the one that followed."""
    return (
        RETIRED.ring_key(until=UNTIL),
        ALDER.ring_key(since=UNTIL),
    )


OLD = RETIRED.sign(ALDER.indicator())


@pytest.mark.parametrize(
    ("body", "publisher", "place"),
    [
        (OLD, ALDERS_LOG, 9),
        (INDICATOR, ALDERS_LOG, 10),
        (OLD, FORUMS_LOG, 4),
        (INDICATOR, FORUMS_LOG, 5),
        (INDICATOR, MALLORYS_LOG, 0),
    ],
)
def test_a_key_signs_where_its_time_is(body: bytes, publisher: Publisher, place: int) -> None:
    accepted(body, publisher=publisher, places=[place], known=ring(*keys()))


@pytest.mark.parametrize(
    ("body", "publisher", "place"),
    [
        (OLD, ALDERS_LOG, 10),
        (INDICATOR, ALDERS_LOG, 9),
        (OLD, FORUMS_LOG, 5),
        (OLD, MALLORYS_LOG, 0),
    ],
)
def test_a_key_signs_nothing_outside_its_time(
    body: bytes, publisher: Publisher, place: int
) -> None:
    found = refused(body, publisher=publisher, places=[place], known=ring(*keys()))
    assert "dated back" in found.reason


def test_a_backdated_object_in_its_owners_own_log_is_a_forgery() -> None:
    found = refused(OLD, places=[10], known=ring(*keys()))
    assert (found.is_forgery, found.may_pass_later) == (True, False)


@pytest.mark.parametrize("publisher", [PLAIN, FORUMS_LOG])
def test_without_a_place_a_retired_key_signs_nothing(publisher: Publisher) -> None:
    found = refused(OLD, publisher=publisher, known=ring(*keys()), required=False)
    assert (found.is_forgery, found.may_pass_later) == (False, True)


# --- Of a page -----------------------------------------------------------------------------------


def test_one_refusal_does_not_stop_the_rest() -> None:
    bodies = [ALDER.sign(ALDER.indicator(n)) for n in range(5)]
    bodies[2] = tampered(bodies[2], confidence=1)
    verified = verify(*bodies, places=range(7, 12))
    assert [each.place for each in verified.accepted] == [7, 8, 10, 11]
    assert [each.place for each in verified.refused] == [9]


def test_what_waits_is_looked_at_again_from_its_bytes() -> None:
    waiting = refused(CEDAR.sign(CEDAR.indicator())).received
    again = read_object(waiting.body)
    known = ring(CEDAR.ring_key())
    [found] = verify_objects([again], [3], known, FORUMS_LOG, signatures_required=True).accepted
    assert (again, found.origin_id) == (waiting, CEDAR.identity_id)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=8,
    ),
    st.sampled_from(["created_by_ref", "id", "extensions", "type", "modified", "x"]),
)
def test_no_value_anywhere_is_accepted_or_breaks_the_page(value: Any, name: str) -> None:
    body = tampered(INDICATOR, **{name: value})
    if body != INDICATOR:
        assert verify(body, required=True).accepted == []
