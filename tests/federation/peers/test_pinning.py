"""Trust is given once; every change must follow from what is pinned."""

from dataclasses import replace

import pytest

from federation.errors import NotPinned
from federation.peers import descriptor, pinning
from federation.peers.described import DescribedLog, Key
from tests.federation.peers.nodes import Described, seeded
from tests.federation.peers.test_descriptor import pinned_as


def follow(before: Described | bytes, after: Described) -> pinning.Accepted:
    body = before if isinstance(before, bytes) else before.body()
    return pinning.accept(pinned_as(descriptor.read(body)), descriptor.read(after.body()))


def test_the_same_description_changes_nothing() -> None:
    accepted = follow(Described("Alder"), Described("Alder"))
    assert not any(
        (accepted.new_keys, accepted.ended_keys, accepted.new_logs, accepted.changed_logs)
    )


def test_a_key_that_the_pinned_one_endorsed_is_accepted() -> None:
    alder = Described("Alder")
    before = alder.body()
    new = alder.rotate("object", {alder.logs[0].origin: 7})
    accepted = follow(before, alder)
    assert accepted.new_keys == (new,)
    assert [key.until for key in accepted.ended_keys] == [{alder.logs[0].origin: 7}]


def test_a_line_of_endorsements_is_followed_over_keys_that_were_never_seen() -> None:
    alder = Described("Alder")
    before = alder.body()
    new = [alder.rotate("object") for _ in range(3)]
    assert [key.kid for key in follow(before, alder).new_keys] == [key.kid for key in new]


def test_a_stolen_old_key_vouches_for_nobody_once_its_successor_is_pinned() -> None:
    alder = Described("Alder")
    alder.rotate("object")
    before = alder.body()
    thief = Described("Alder")
    thief.rotate("request")  # so that what it makes of the same first key is another one
    thief.rotate("object")
    assert thief.signer.public_key != alder.signer.public_key
    with pytest.raises(NotPinned, match="missing"):
        follow(before, thief)


def test_an_end_is_never_moved() -> None:
    alder, other = Described("Alder"), Described("Alder")
    origin = alder.logs[0].origin
    alder.rotate("object", {origin: 7})
    other.rotate("object", {origin: 6})
    other.issued = alder.issued
    with pytest.raises(NotPinned, match="begins or ends elsewhere"):
        follow(alder, other)


def test_an_end_is_never_taken_back() -> None:
    alder = Described("Alder")
    alder.rotate("object")
    before = alder.body()
    young = Described("Alder")
    young.issued = alder.issued
    with pytest.raises(NotPinned, match="begins or ends elsewhere"):
        follow(before, young)


def test_a_new_log_is_accepted() -> None:
    alder = Described("Alder")
    before = alder.body()
    new = alder.open_log("labs")
    assert follow(before, alder).new_logs == (new,)


def test_a_log_that_is_no_longer_shown_stays_as_it_was() -> None:
    alder = Described("Alder")
    before = alder.body()
    alder.logs = []
    accepted = follow(before, alder)
    assert accepted.new_logs == accepted.changed_logs == ()


def test_what_a_log_says_of_its_signatures_may_change() -> None:
    alder = Described("Alder")
    before = alder.body()
    changed: DescribedLog = replace(alder.logs[0], signatures_required=False)
    alder.logs = [changed]
    assert follow(before, alder).changed_logs == (changed,)


def test_the_same_description_under_an_earlier_time_is_no_alarm() -> None:
    described = descriptor.read(Described("Alder").body())
    later = replace(pinned_as(described), issued=described.issued.replace(year=2030))
    assert pinning.accept(later, described).new_keys == ()


def test_a_confirmed_fingerprint_lets_new_keys_in_without_endorsement() -> None:
    alder = Described("Alder")
    pinned = pinned_as(descriptor.read(alder.body()))
    lost = Described("Alder")
    lost.signer, lost.requester = seeded("object anew"), seeded("request anew")
    lost.keys = [
        Key("object", lost.signer.public_key, lost.issued, {}),
        Key("request", lost.requester.public_key, lost.issued, {}),
    ]
    lost.identity = lost.signed_identity(lost.signer)
    accepted = pinning.accept_confirmed(pinned, descriptor.read(lost.body()))
    assert list(accepted.new_keys) == lost.keys
