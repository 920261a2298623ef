"""A key-holder elsewhere: what an honest one makes, and that a lying or failing one only delays."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from federation import node_keys
from federation.errors import KeyHolderLied, KeyHolderUnavailable, QuotaExceeded
from federation.models import NodeKey, PinnedTokenKey
from federation.pseudonyms import remote
from federation.pseudonyms.keyholder import OwnKeyHolder, configured_key_holder, tokenize
from federation.pseudonyms.normalize import KINDS, Normalized
from federation.pseudonyms.remote import RemoteKeyHolder
from federation.requests import verify_request
from tests.federation.pseudonyms import doors
from tests.federation.pseudonyms.cedar import NOW, Cedar, Reply, running

ANA, BEN = (Normalized("email", f"{name}@alder.example") for name in ("ana", "ben"))


@pytest.fixture
def cedar() -> Iterator[Cedar]:
    with running() as cedar:
        yield cedar


@pytest.fixture
def holder(cedar: Cedar, db: None) -> Iterator[RemoteKeyHolder]:
    holder = RemoteKeyHolder(cedar.url, "alder", "secret")
    yield holder
    holder.close()


def replaced(**fields: Any) -> Callable[[str, Reply], Reply]:
    """Fields of an evaluation replaced."""

    def alter(door: str, reply: Reply) -> Reply:
        if door != "evaluate":
            return reply
        return 200, {}, json.dumps(json.loads(reply[2]) | fields).encode()

    return alter


def always(status: int, content: bytes = b"{}", **headers: str) -> Callable[[str, Reply], Reply]:
    return lambda door, reply: (
        status,
        {k.replace("_", "-"): v for k, v in headers.items()},
        content,
    )


# --- An honest one -------------------------------------------------------------------------------


def test_tokens_are_those_of_the_key_holders_own_key(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    evaluator = cedar.evaluators["email", 1]
    [output] = evaluator.outputs([b"psi/1\0email\0ana@alder.example"])
    [[token]] = tokenize(holder, [ANA], NOW)
    assert token[5:] == output


def test_what_is_sent_holds_no_identifier(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    tokenize(holder, [ANA, BEN], NOW)
    for path, headers, body in cedar.asked:
        assert b"alder.example" not in path.encode() + repr(headers).encode() + body


def test_what_is_sent_differs_each_time(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    tokenize(holder, [ANA], NOW)
    tokenize(holder, [ANA], NOW)
    first, second = [json.loads(body)["elements"] for _, _, body in cedar.asked if body]
    assert first != second


def test_more_than_a_batch_goes_in_several(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    wanted = [Normalized("email", f"{i}@alder.example") for i in range(1001)]
    assert len({token for [token] in tokenize(holder, wanted, NOW)}) == 1001
    assert [len(json.loads(body)["elements"]) for _, _, body in cedar.asked if body] == [1000, 1]


def test_keys_are_asked_for_once_an_hour(
    holder: RemoteKeyHolder, cedar: Cedar, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.keys("email", NOW)
    holder.keys("phone", NOW)
    assert len(cedar.asked) == 1
    monkeypatch.setattr(remote, "KEYS_KEPT_SECONDS", -1)
    holder.keys("email", NOW)
    assert len(cedar.asked) == 2


def test_a_new_epoch_is_pinned_beside_the_old_one(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    holder.keys("email", NOW)
    cedar.begin("email", 2, NOW + timedelta(days=90))
    holder.refresh()
    found = holder.keys("email", NOW + timedelta(days=95))
    assert [key.epoch for key in found] == [1, 2]


def test_an_epoch_that_ends_early_is_noticed(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    holder.refresh()
    ends = NOW + timedelta(days=3)
    listed = cedar.keys[0]
    cedar.keys[0] = type(listed)(
        listed.kind, listed.epoch, listed.public_key, listed.not_before, ends, ends
    )
    cedar.begin("email", 2, ends)
    holder.refresh()
    assert [key.epoch for key in holder.keys("email", ends)] == [2]


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.federation.pseudonyms.doors")
def test_two_nodes_that_share_a_key_holder_have_equal_tokens(live_server: Any) -> None:
    now = datetime.now(UTC)
    alder = RemoteKeyHolder(live_server.url, "alder", "key")
    birch = RemoteKeyHolder(live_server.url, "birch", "key")
    wanted = [Normalized(kind, "a value of each kind") for kind in KINDS]
    assert tokenize(alder, wanted, now) == tokenize(birch, wanted, now)
    assert tokenize(alder, wanted, now) == tokenize(OwnKeyHolder(), wanted, now)
    alder.close()
    birch.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.federation.pseudonyms.doors")
def test_every_request_is_signed_by_the_nodes_request_key(live_server: Any) -> None:
    doors.SIGNED.clear()
    alder = RemoteKeyHolder(live_server.url, "alder", "key")
    tokenize(alder, [ANA], datetime.now(UTC))
    alder.close()
    key = node_keys.current_key(NodeKey.Purpose.REQUEST).public_key
    assert len(doors.SIGNED) == 2
    for method, url, headers, body in doors.SIGNED:
        verify_request(method, url, headers, body, key, datetime.now(UTC))


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.federation.pseudonyms.doors")
def test_a_quota_that_is_used_up_says_when_to_come_back(
    live_server: Any, settings: LazySettings
) -> None:
    settings.TOKEN_QUOTA_PER_DAY = 1
    alder = RemoteKeyHolder(live_server.url, "alder", "key")
    with pytest.raises(QuotaExceeded) as refusal:
        tokenize(alder, [ANA, BEN], datetime.now(UTC))
    assert 0 < refusal.value.retry_after <= 86_401
    alder.close()


def test_the_settings_name_the_key_holder(settings: LazySettings) -> None:
    settings.KEYHOLDER_URL = "https://cedar.example/"
    settings.KEYHOLDER_USER, settings.KEYHOLDER_KEY = "alder", "secret"
    found = configured_key_holder()
    assert isinstance(found, RemoteKeyHolder)
    assert found.url == "https://cedar.example"
    assert configured_key_holder() is found


# --- A lying one ---------------------------------------------------------------------------------


def test_another_key_for_a_pinned_epoch_is_a_lie(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    holder.refresh()
    cedar.keys.clear()
    cedar.begin("email", 1, NOW, seed=b"\4" * 32)
    cedar.begin("phone", 1, NOW)
    with pytest.raises(KeyHolderLied, match="another key, or none, for email, epoch 1"):
        holder.refresh()


def test_a_pinned_key_that_is_listed_no_more_is_a_lie(
    holder: RemoteKeyHolder, cedar: Cedar
) -> None:
    holder.refresh()
    del cedar.keys[0]
    with pytest.raises(KeyHolderLied):
        holder.refresh()


def test_of_a_list_with_a_lie_nothing_is_pinned(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    holder.refresh()
    del cedar.keys[0]
    cedar.begin("phone", 2, NOW)
    with pytest.raises(KeyHolderLied):
        holder.refresh()
    assert not PinnedTokenKey.objects.filter(epoch=2).exists()


def test_a_key_that_is_not_in_the_log_is_a_lie(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    honest = cedar.list_keys()
    cedar.begin("email", 2, NOW)

    def with_old_log(door: str, reply: Reply) -> Reply:
        listed = json.loads(reply[2])
        listed["log"]["checkpoint"] = honest.log.checkpoint
        return 200, {}, json.dumps(listed).encode()

    cedar.alter = with_old_log
    with pytest.raises(KeyHolderLied, match="not those of its log"):
        holder.refresh()
    assert not PinnedTokenKey.objects.exists()


@pytest.mark.parametrize(
    "lie",
    [
        replaced(proof=base64.b64encode(b"\1" + bytes(31) + b"\1" + bytes(31)).decode()),
        replaced(proof=base64.b64encode(bytes(64)).decode()),
        replaced(proof=""),
        replaced(elements=[]),
        replaced(elements=[base64.b64encode(bytes(32)).decode()] * 2),
    ],
    ids=["forged proof", "zero proof", "no proof", "no elements", "identity"],
)
def test_an_evaluation_that_is_not_proven_is_a_lie(
    holder: RemoteKeyHolder, cedar: Cedar, lie: Callable[[str, Reply], Reply]
) -> None:
    cedar.alter = lie
    with pytest.raises(KeyHolderLied, match="is not believed"):
        tokenize(holder, [ANA, BEN], NOW)


def test_an_evaluation_with_another_key_is_a_lie(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    holder.refresh()
    cedar.evaluators["email", 1] = cedar.evaluators["phone", 1]
    with pytest.raises(KeyHolderLied):
        tokenize(holder, [ANA, BEN], NOW)


def test_after_a_lie_an_honest_answer_makes_the_tokens(
    holder: RemoteKeyHolder, cedar: Cedar
) -> None:
    honest = cedar.alter
    cedar.alter = replaced(proof="")
    with pytest.raises(KeyHolderLied):
        tokenize(holder, [ANA], NOW)
    cedar.alter = honest
    assert len(tokenize(holder, [ANA], NOW)) == 1


# --- A failing one -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        always(500),
        always(404),
        always(200, b"<html>"),
        always(200, b'{"elements": 1}'),
        always(200, b"[" * 100_000),
        always(200, b'{"keys": [' + b"1," * 600_000),
        always(302, Location="http://127.0.0.1:1/elsewhere"),
        always(200, b"{}", Content_Length="1000"),
        always(200, b"\x1f\x8b broken", Content_Encoding="gzip"),
    ],
    ids=["500", "404", "html", "other", "deep", "huge", "redirect", "cut off", "bad gzip"],
)
def test_an_answer_that_cannot_be_used_delays(
    holder: RemoteKeyHolder, cedar: Cedar, failure: Callable[[str, Reply], Reply]
) -> None:
    cedar.alter = failure
    with pytest.raises(KeyHolderUnavailable) as refusal:
        tokenize(holder, [ANA], NOW)
    assert refusal.value.retry_after == 30


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("soon", 30), ("0", 1), ("99999999", 86_400)]
)
def test_a_failing_key_holder_says_how_long_to_wait_within_reason(
    holder: RemoteKeyHolder, cedar: Cedar, header: str, seconds: int
) -> None:
    cedar.alter = always(503, Retry_After=header)
    with pytest.raises(KeyHolderUnavailable) as refusal:
        holder.refresh()
    assert refusal.value.retry_after == seconds


def test_a_refused_credential_is_said_so(holder: RemoteKeyHolder, cedar: Cedar) -> None:
    cedar.alter = always(401)
    with pytest.raises(KeyHolderUnavailable, match="KEYHOLDER_USER"):
        holder.refresh()


def test_a_key_holder_that_is_away_delays(db: None) -> None:
    with running() as cedar:
        pass
    holder = RemoteKeyHolder(cedar.url, "alder", "secret")
    with pytest.raises(KeyHolderUnavailable, match="can't be reached"):
        tokenize(holder, [ANA], NOW)
    holder.close()


def test_a_key_holder_that_drips_is_given_up(
    holder: RemoteKeyHolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "ANSWER_SECONDS", -1.0)
    with pytest.raises(KeyHolderUnavailable, match="to answer"):
        holder.refresh()


def test_pinned_keys_outlast_a_key_holder_that_is_away(
    holder: RemoteKeyHolder, cedar: Cedar, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.keys("email", NOW)
    monkeypatch.setattr(remote, "KEYS_KEPT_SECONDS", -1)
    cedar.alter = always(500)
    assert len(holder.keys("email", NOW)) == 1


def test_a_key_holder_of_another_group_is_said_so(
    holder: RemoteKeyHolder, settings: LazySettings
) -> None:
    settings.TOKEN_GROUP = "birch"
    with pytest.raises(KeyHolderUnavailable, match="set TOKEN_GROUP"):
        holder.refresh()
    assert not PinnedTokenKey.objects.exists()


def test_after_a_refused_batch_the_keys_are_asked_for_again(
    holder: RemoteKeyHolder, cedar: Cedar
) -> None:
    holder.refresh()
    cedar.alter = lambda door, reply: reply if door == "keys" else (404, {}, b"{}")
    with pytest.raises(KeyHolderUnavailable):
        tokenize(holder, [ANA], NOW)
    holder.keys("email", NOW)
    assert [path.rpartition("/")[2] for path, _, _ in cedar.asked] == ["keys", "evaluate", "keys"]


def test_a_key_holder_without_a_valid_key_delays(holder: RemoteKeyHolder) -> None:
    with pytest.raises(KeyHolderUnavailable, match="no valid key of kind wallet"):
        holder.keys("wallet", NOW)


def test_a_failure_says_no_identifier_and_no_credential(
    holder: RemoteKeyHolder, cedar: Cedar
) -> None:
    cedar.alter = always(500, b"ana@alder.example")
    with pytest.raises(KeyHolderUnavailable) as refusal:
        tokenize(holder, [ANA], NOW)
    assert "ana@" not in str(refusal.value)
    assert "secret" not in str(refusal.value)
