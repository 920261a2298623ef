"""Proofs of what peers published: their keys as they are pinned, their logs as they were pulled."""

from collections.abc import Iterator
from unittest import mock

import pytest
from celery import current_app

from federation.keys import thumbprint
from federation.models import NodeKey, PeerLog
from federation.node_keys import hold_current_key, rotate
from federation.transparency import log
from indicators.proofs.collecting import signer_of
from indicators.proofs.looking import look
from indicators.proofs.proof import read, write
from indicators.proofs.standing import Standing
from indicators.proofs.steps import verify
from indicators.proofs.trust import KnownKey, Trust
from indicators.store.custody import ensure_own_member
from tests.exchange.puller import Puller
from tests.objects import START, id_of, indicator
from tests.peer_simulator import SimulatedNode, serving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    """Nothing runs by itself."""
    with mock.patch.object(current_app, "send_task"):
        yield


@pytest.fixture
def alder() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Alder")) as node:
        yield node


@pytest.fixture
def birch(db: None) -> Puller:
    return Puller()


def pulled(alder: SimulatedNode, birch: Puller, *keys: object) -> None:
    feed = alder.open_feed()
    feed.publish(*(alder.organization.sign(indicator(key)) for key in keys))
    birch.pull(birch.subscribe(alder, feed))


def standings(key: object) -> list[Standing]:
    return [step.standing for step in look(id_of("indicator", key)).steps]


def test_what_a_confirmed_peer_signed_holds(alder: SimulatedNode, birch: Puller) -> None:
    pulled(alder, birch, 1, 2, 3)
    key, publisher = look(id_of("indicator", 2)).steps[2], standings(2)[7]
    assert key.standing is publisher is Standing.HOLDS
    assert "Ana compared Alder's fingerprint" in key.sentence


def test_what_a_key_signed_that_was_replaced_since_is_said_to_rest_on_the_pull(
    alder: SimulatedNode, birch: Puller
) -> None:
    pulled(alder, birch, 1, 2)
    alder.rotate()
    birch.refresh(alder)
    step = look(id_of("indicator", 1)).steps[2]
    assert step.standing is Standing.OPEN and "The key was replaced since" in step.sentence


def test_a_line_of_two_keys_goes_along(alder: SimulatedNode, birch: Puller) -> None:
    pulled(alder, birch, 1)
    alder.rotate()
    birch.refresh(alder)
    signer = look(id_of("indicator", 1)).proof.signer
    assert signer is not None and len(signer.keys) == 2


def test_a_member_that_left_is_said_to_have_left(alder: SimulatedNode, birch: Puller) -> None:
    pulled(alder, birch, 1)
    birch.let_go("Alder")
    assert "Alder has left since" in look(id_of("indicator", 1)).steps[2].sentence


def test_a_publishers_checkpoint_that_was_changed_here_is_broken(
    alder: SimulatedNode, birch: Puller
) -> None:
    pulled(alder, birch, 1)
    row = PeerLog.objects.get()
    row.note = bytes(row.note or b"").replace(b"\n1\n", b"\n2\n")
    row.save()
    assert standings(1)[7] is Standing.BROKEN


def test_a_publishers_log_that_contradicted_itself_is_said_to_have(
    alder: SimulatedNode, birch: Puller
) -> None:
    pulled(alder, birch, 1)
    PeerLog.objects.update(frozen_at=START, frozen_because="Two roots were shown.")
    step = look(id_of("indicator", 1)).steps[7]
    assert step.standing is Standing.OPEN and "Two roots were shown." in step.sentence


def test_somebody_else_checks_the_file_with_the_publishers_key(
    alder: SimulatedNode, birch: Puller
) -> None:
    pulled(alder, birch, 1)
    looked = look(id_of("indicator", 1))
    assert looked.proof.signer is not None
    trust = Trust(
        keys={looked.proof.signer.keys[0].kid: KnownKey("Told.")},
        logs={log.verifier(looked.place.collection).vkey: "Told."},
    )
    steps = verify(read(write(looked.proof)), trust)
    assert [step.standing for step in steps[:6]] == [Standing.HOLDS] * 6


def test_our_own_line_goes_on_after_a_rotation(birch: Puller) -> None:
    hold = hold_current_key(NodeKey.Purpose.OBJECT)
    kid = thumbprint(hold.public_key)
    rotate(NodeKey.Purpose.OBJECT, ensure_own_member().identity_id)
    signer = signer_of(kid)
    assert signer is not None and len(signer.keys) == 2


def test_a_key_that_nobody_holds_is_nobodys(birch: Puller) -> None:
    assert signer_of("A" * 43) is None
