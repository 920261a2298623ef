"""The key-holder's doors: what they answer, what they refuse, and what stays behind: nothing."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from federation.keys import Verifier
from federation.models import Evaluation, QuotaUse
from federation.pseudonyms import epochs
from federation.pseudonyms.answers import KeyList
from federation.pseudonyms.normalize import KINDS
from federation.pseudonyms.voprf import Blinding, token_input
from federation.transparency.replay import Replay

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.federation.pseudonyms.doors"),
]

ALDER = "Basic " + base64.b64encode(b"alder:key").decode()
INPUTS = [token_input("email", f"{name}@alder.example") for name in ("ana", "ben")]


@pytest.fixture
def member(client: Client) -> Client:
    client.defaults["HTTP_AUTHORIZATION"] = ALDER
    return client


def ask(member: Client, question: Any) -> Any:
    body = question if isinstance(question, bytes) else json.dumps(question).encode()
    return member.post("/keyholder/v1/evaluate", body, content_type="application/json")


def question(blinding: Blinding, **other: Any) -> dict[str, Any]:
    elements = [base64.b64encode(each).decode() for each in blinding.elements]
    return {"kind": "email", "epoch": 1, "elements": elements} | other


def email_key() -> epochs.EpochKey:
    [key] = epochs.valid_keys("email", datetime.now(UTC))
    return key


def test_an_answer_finalizes_to_what_the_key_holder_itself_would_make(member: Client) -> None:
    key, blinding = email_key(), Blinding(INPUTS)
    answer = ask(member, question(blinding)).json()
    elements = [base64.b64decode(each) for each in answer["elements"]]
    outputs = blinding.finalize(elements, base64.b64decode(answer["proof"]), key.public_key)
    _, evaluator = epochs.open_evaluator("email", 1, key.not_before)
    assert outputs == evaluator.outputs(INPUTS)


def test_the_keys_are_those_of_the_log(member: Client) -> None:
    listed = msgspec.json.decode(member.get("/keyholder/v1/keys").content, type=KeyList)
    replay = Replay(listed.log.origin, Verifier.parse(listed.log.vkey))
    replay.extend(
        epochs.record(listed.group, key.kind, key.epoch, key.public_key, key.not_before)
        for key in listed.keys
    )
    assert replay.conclude(listed.log.checkpoint.encode()).size == len(KINDS)


def test_an_evaluation_is_charged_to_the_member_who_asked(member: Client) -> None:
    email_key()
    ask(member, question(Blinding(INPUTS)))
    assert list(QuotaUse.objects.values_list("member", "kind", "used")) == [("alder", "email", 2)]


def test_a_member_over_its_quota_is_told_when_to_come_back(
    member: Client, settings: LazySettings
) -> None:
    settings.TOKEN_QUOTA_PER_DAY = 1
    email_key()
    answer = ask(member, question(Blinding(INPUTS)))
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 86_401


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"kind": "shoe-size"}, 404),
        ({"epoch": 2}, 404),
        ({"epoch": 0}, 400),
        ({"epoch": "1"}, 400),
        ({"elements": []}, 400),
        ({"elements": ["AA=="]}, 400),
        ({"elements": ["?"]}, 400),
        ({"elements": [base64.b64encode(bytes(32)).decode()]}, 400),
        ({"elements": [base64.b64encode(bytes(32)).decode()] * 1001}, 400),
        ({"elements": "AAAA"}, 400),
        ({"inputs": ["ana@alder.example"]}, 400),
    ],
)
def test_a_question_that_is_not_one_is_refused(
    member: Client, changed: dict[str, Any], status: int
) -> None:
    email_key()
    answer = ask(member, question(Blinding(INPUTS), **changed))
    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"kind":"email","kind":"phone"}', b"\xff", b"NaN"]
)
def test_a_body_that_is_no_json_is_refused(member: Client, body: bytes) -> None:
    email_key()
    assert ask(member, body).status_code == 400


def test_a_body_larger_than_any_batch_is_refused(member: Client) -> None:
    assert ask(member, b" " * 65_537).status_code == 413


def test_nothing_is_evaluated_for_who_is_not_a_member(client: Client) -> None:
    assert ask(client, question(Blinding(INPUTS))).status_code == 401
    assert not Evaluation.objects.exists()


def test_a_node_that_has_another_key_holder_is_none(member: Client, settings: LazySettings) -> None:
    settings.KEYHOLDER_URL = "https://cedar.example"
    assert member.get("/keyholder/v1/keys").status_code == 404


def test_an_evaluation_is_not_asked_for_by_get(member: Client) -> None:
    assert member.get("/keyholder/v1/evaluate").status_code == 405


def test_answers_are_not_kept_by_caches(member: Client) -> None:
    assert member.get("/keyholder/v1/keys")["Cache-Control"] == "private, no-store"


def every_row() -> str:
    """All tables of the database as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def test_tables_hold_neither_input_nor_element_nor_token(member: Client) -> None:
    key, blinding = email_key(), Blinding(INPUTS)
    answer = ask(member, question(blinding)).json()
    elements = [base64.b64decode(each) for each in answer["elements"]]
    outputs = blinding.finalize(elements, base64.b64decode(answer["proof"]), key.public_key)
    dump = every_row()
    assert key.public_key.hex() in dump
    for secret in [*INPUTS, *blinding.elements, *elements, *outputs]:
        assert secret.hex() not in dump
        assert base64.b64encode(secret).decode() not in dump
    assert "@alder.example" not in dump


@given(st.binary(max_size=200) | st.from_regex(rb'\{"kind":.{0,80}\}', fullmatch=True))
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_body_gets_an_answer_below_500(member: Client, body: bytes) -> None:
    assert ask(member, body).status_code < 500
