"""The proof page: every step is run when it is opened, and what was tampered with does not hold."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from federation.canonical import canonical
from federation.models import Cosignature, NodeKey
from federation.node_keys import current_key
from federation.signing import sign_all
from federation.transparency import cosignature, log, note
from indicators.models import AuditEvent, Collection, Member
from indicators.proofs.proof import read
from indicators.proofs.standing import Standing
from indicators.proofs.steps import verify
from indicators.proofs.trust import Trust
from indicators.stix import parse_objects
from indicators.store.admission import Origins, admit
from indicators.store.custody import ensure_own_member, open_collection
from tests.objects import START, id_of, indicator
from tests.proofs.forging import WITNESS_KEY
from tests.web.reading import html

pytestmark = pytest.mark.django_db

STIX_ID = id_of("indicator", "relay")
NOWHERE = UUID(int=1, version=4)
CLUES = [f"clue {number}" for number in range(300)]


@pytest.fixture
def alder() -> Member:
    """This node's own organization."""
    return ensure_own_member()


@pytest.fixture
def labs(alder: Member) -> Collection:
    """A collection with an object that Alder signed, among many that nobody did."""
    collection = open_collection(title="Labs")
    _admit(collection, alder, [indicator(each) for each in CLUES])
    publish(collection, alder, indicator("relay", created_by_ref=alder.identity_id))
    return collection


def publish(collection: Collection, by: Member, value: dict[str, Any]) -> None:
    [body] = sign_all([canonical(value)], key := current_key(NodeKey.Purpose.OBJECT))
    from federation.keys import thumbprint

    _admit(collection, by, [json.loads(body)], thumbprint(key.public_key))


def _admit(
    collection: Collection, by: Member, values: list[dict[str, Any]], signed_by: str = ""
) -> None:
    parsed = parse_objects(json.dumps({"objects": values}).encode(), max_bytes=1 << 24)
    signed = {each.index: signed_by for each in parsed.objects} if signed_by else {}
    origins = Origins({each.index: by for each in parsed.objects}, signed)
    outcomes = admit(collection, by, parsed.objects, origins=origins)
    assert not [each.reason for each in outcomes if each.reason], outcomes


def cosign(collection: Collection) -> None:
    """Birch, whom nobody here knows, signs the newest checkpoint."""
    source = note.parse(log.checkpoint(collection.pk))
    size = int(source.text.splitlines()[1])
    line = cosignature.sign(source.text, "birch.example", WITNESS_KEY, START)
    vkey = cosignature.Witness("birch.example", WITNESS_KEY.public_key).vkey
    Cosignature.objects.create(log_id=collection.pk, size=size, witness=vkey, line=line)


def page(client: Client, stix_id: str = STIX_ID, query: str = "") -> str:
    return html(client.get(reverse("object-proof", args=[stix_id]) + query))


def test_a_sound_proof_says_who_signed(ana: Client, labs: Collection, alder: Member) -> None:
    assert f"It is what {alder.name} signed" in page(ana)


def test_an_unsigned_object_says_that_nobody_signed_it(ana: Client, labs: Collection) -> None:
    assert "Nobody signed this object" in page(ana, id_of("indicator", CLUES[0]))


def test_a_tampered_object_does_not_hold(ana: Client, labs: Collection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE indicators_objectversion SET body = convert_to(replace("
            "convert_from(body, 'UTF8'), 'Account cluster', 'Harmless people'), 'UTF8')"
            " WHERE stix_id = %s",
            [STIX_ID],
        )
    shown = page(ana)
    assert "This proof does not hold" in shown and "Don’t act on this object" in shown


def test_a_witness_that_is_no_peer_is_shown_as_not_compared(ana: Client, labs: Collection) -> None:
    cosign(labs)
    assert "1 witness signed this checkpoint, with keys that the file gives" in page(ana)


def test_a_checkpoint_that_a_witness_signed_goes_before_a_newer_one(
    ana: Client, labs: Collection, alder: Member
) -> None:
    cosign(labs)
    publish(labs, alder, indicator("later", created_by_ref=alder.identity_id))
    assert "1 witness signed this checkpoint" in page(ana)


def test_an_older_version_has_a_proof_of_its_own(
    ana: Client, labs: Collection, alder: Member
) -> None:
    publish(labs, alder, indicator("relay", version=1, created_by_ref=alder.identity_id))
    assert f"entry {len(CLUES)} (from 0)" in page(
        ana, query=f"?collection={labs.pk}&index={len(CLUES)}"
    )


@pytest.mark.parametrize("query", ["", f"?collection={NOWHERE}", "?index=-1", "?index=x"])
def test_what_is_not_held_here_is_404(ana: Client, alder: Member, query: str) -> None:
    assert ana.get(reverse("object-proof", args=[STIX_ID]) + query).status_code == 404


def test_the_file_holds_for_whoever_has_the_logs_key(ana: Client, labs: Collection) -> None:
    response = ana.post(reverse("object-proof-download", args=[STIX_ID]))
    proof = read(response.content)
    trust = Trust(logs={log.verifier(labs.pk).vkey: "Told."})
    steps = {step.number: step.standing for step in verify(proof, trust)}
    assert [steps[number] for number in (1, 4, 5, 6)] == [Standing.HOLDS] * 4


def test_that_a_proof_was_taken_along_is_written_down(ana: Client, labs: Collection) -> None:
    ana.post(reverse("object-proof-download", args=[STIX_ID]))
    assert AuditEvent.objects.get(act="proof taken along").subject == STIX_ID


def test_a_proof_is_not_taken_along_by_a_link(ana: Client, labs: Collection) -> None:
    assert ana.get(reverse("object-proof-download", args=[STIX_ID])).status_code == 405


def test_the_page_asks_the_tables_a_few_times(
    ana: Client, labs: Collection, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(30):
        page(ana)
