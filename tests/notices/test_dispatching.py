"""Messages on their way to a real program: signed, tried again, given up."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from indicators.models import AuditEvent, Cause, Dispatch, Role, Webhook
from indicators.notices import dispatching, webhooks
from indicators.notices.dispatching import LEASE, PAUSES, due, send
from indicators.notices.errors import WebhookRefused
from indicators.notices.signature import sign
from indicators.notices.sweeping import sweep
from tests.notices.drafts import NOW, draft
from tests.people.persons import somebody

pytestmark = pytest.mark.django_db


@dataclass
class Program:
    """What is told; it answers with `status`."""

    status: int = 204
    url: str = ""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def program() -> Iterator[Program]:
    told = Program()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.heard.append(({**self.headers}, body))
            self.send_response(told.status)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def adam(db: None) -> User:
    return somebody("adam", Role.ADMINISTRATOR)


def tell(adam: User, program: Program, **more: Any) -> tuple[Dispatch, str]:
    """A message that is due, and the secret that it will be signed with."""
    _, secret = webhooks.add(
        program.url, [Cause.REVIEW], adam, NOW, **({"allow_private": True} | more)
    )
    draft()
    sweep(NOW)
    return Dispatch.objects.get(), secret


def test_a_program_can_tell_that_a_message_is_ours(adam: User, program: Program) -> None:
    dispatch, secret = tell(adam, program)
    assert send(dispatch.pk, NOW)
    [(headers, body)] = program.heard
    assert headers["webhook-id"] == str(dispatch.pk)
    timestamp = int(headers["webhook-timestamp"])
    assert timestamp == int(NOW.timestamp())
    assert headers["webhook-signature"] == sign(secret, str(dispatch.pk), timestamp, body)
    assert json.loads(body)["type"] == "review.waiting"


def test_what_was_taken_is_not_sent_again(adam: User, program: Program) -> None:
    dispatch, _ = tell(adam, program)
    send(dispatch.pk, NOW)
    assert due(NOW + timedelta(days=9)) == []
    assert not send(dispatch.pk, NOW + timedelta(days=9))
    assert len(program.heard) == 1


def test_two_workers_send_it_once(adam: User, program: Program) -> None:
    dispatch, _ = tell(adam, program)
    send(dispatch.pk, NOW)
    Dispatch.objects.update(ended_at=None, next_try_at=NOW + LEASE)
    assert not send(dispatch.pk, NOW)
    assert len(program.heard) == 1


def test_what_is_not_taken_is_tried_again_with_growing_pauses(adam: User, program: Program) -> None:
    dispatch, _ = tell(adam, program)
    program.status = 500
    now = NOW
    for pause in PAUSES[:3]:
        assert due(now) == [dispatch.pk]
        assert not send(dispatch.pk, now)
        dispatch.refresh_from_db()
        assert dispatch.next_try_at == now + pause
        now += pause
    assert (dispatch.status, dispatch.failure) == (500, "It answered with 500.")


def test_a_redirect_is_not_followed(adam: User, program: Program) -> None:
    dispatch, _ = tell(adam, program)
    program.status = 307
    assert not send(dispatch.pk, NOW)
    assert len(program.heard) == 1


def test_a_webhook_that_takes_nothing_for_days_is_disabled(adam: User, program: Program) -> None:
    dispatch, _ = tell(adam, program)
    program.status = 503
    now = NOW
    for pause in (*PAUSES, timedelta()):
        send(dispatch.pk, now)
        now += pause
    webhook = Webhook.objects.get()
    assert webhook.disabled_at is not None
    assert "took no message" in webhook.disabled_because
    assert AuditEvent.objects.filter(act="disable webhook", actor="worker").exists()
    sweep(now)
    assert due(now + timedelta(days=9)) == []


def test_a_program_that_is_gone_is_disabled_at_once(adam: User, program: Program) -> None:
    dispatch, _ = tell(adam, program)
    program.status = 410
    send(dispatch.pk, NOW)
    assert Webhook.objects.get().disabled_at == NOW


def test_administrators_are_told_of_a_disabled_webhook(adam: User, program: Program) -> None:
    from indicators.notices import inbox

    dispatch, _ = tell(adam, program)
    program.status = 410
    send(dispatch.pk, NOW)
    sweep(NOW)
    assert "A webhook failed too often and was disabled." in [
        each.text for each in inbox.read_page(adam).entries
    ]


def test_an_address_that_became_private_is_never_asked(adam: User, program: Program) -> None:
    """The name leads elsewhere than when it was added."""
    dispatch, _ = tell(adam, program)
    Webhook.objects.update(allow_private=False)
    assert not send(dispatch.pk, NOW)
    dispatch.refresh_from_db()
    assert dispatch.status is None
    assert "https" in dispatch.failure
    assert program.heard == []


@pytest.mark.parametrize(
    "url",
    [
        "http://pager.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "https://10.0.0.8/",
        "https://user:key@pager.example/",
        "ftp://pager.example/",
        "javascript:alert(1)",
    ],
)
def test_an_address_inside_is_refused(adam: User, url: str) -> None:
    with pytest.raises(WebhookRefused):
        webhooks.add(url, [Cause.REVIEW], adam, NOW)


def test_a_link_local_address_is_refused_whatever_is_allowed(adam: User) -> None:
    with pytest.raises(WebhookRefused):
        webhooks.add("http://169.254.169.254/", [Cause.REVIEW], adam, NOW, allow_private=True)


def test_the_secret_is_not_in_the_table(adam: User, program: Program) -> None:
    _, secret = tell(adam, program)
    sealed = bytes(Webhook.objects.get().sealed_secret)
    assert secret.encode() not in sealed
    assert webhooks.secret_of(Webhook.objects.get()) == secret


def test_a_secret_does_not_open_in_another_row(adam: User, program: Program) -> None:
    tell(adam, program)
    other, _ = webhooks.add("https://pager.example/", [Cause.REVIEW], adam, NOW)
    moved = Webhook.objects.get(url=program.url).sealed_secret
    Webhook.objects.filter(pk=other).update(sealed_secret=moved)
    with pytest.raises(WebhookRefused, match="can't be opened"):
        webhooks.secret_of(Webhook.objects.get(pk=other))


def test_every_act_of_an_administrator_is_audited_without_the_secret(adam: User) -> None:
    number, secret = webhooks.add("https://pager.example/", [Cause.REVIEW], adam, NOW)
    renewed = webhooks.renew_secret(number, adam)
    webhooks.disable(number, "adam", NOW)
    webhooks.enable(number, adam)
    webhooks.remove(number, adam)
    events = AuditEvent.objects.filter(subject=f"webhook {number}").order_by("pk")
    assert [event.act for event in events] == [
        "add webhook", "renew webhook secret", "disable webhook", "enable webhook",
        "remove webhook",
    ]  # fmt: skip
    told = str([event.detail for event in events])
    assert secret not in told
    assert renewed not in told


def test_an_attempt_that_died_is_made_again(adam: User, program: Program) -> None:
    dispatch, _ = tell(adam, program)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dispatching, "_attempt", _die)
        with pytest.raises(KeyboardInterrupt):
            send(dispatch.pk, NOW)
    assert due(NOW) == []
    assert due(NOW + LEASE) == [dispatch.pk]


def test_a_webhook_that_was_disabled_during_an_attempt_is_told_nothing_more(
    adam: User, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch, _ = tell(adam, program)

    def attempt(*_: object) -> tuple[int, str]:
        webhooks.disable(dispatch.webhook_id, "adam", NOW)
        return 500, "It answered with 500."

    monkeypatch.setattr(dispatching, "_attempt", attempt)
    assert not send(dispatch.pk, NOW)
    assert due(NOW + timedelta(days=9)) == []


def test_a_webhook_that_was_removed_during_its_last_attempt_is_not_missed(
    adam: User, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch, _ = tell(adam, program)

    def attempt(*_: object) -> tuple[int, str]:
        webhooks.remove(dispatch.webhook_id, adam)
        return 410, "It answered with 410."

    monkeypatch.setattr(dispatching, "_attempt", attempt)
    assert not send(dispatch.pk, NOW)


def test_while_a_program_does_not_answer_its_other_messages_wait(adam: User) -> None:
    number, _ = webhooks.add(NOBODY, [Cause.REVIEW], adam, NOW, allow_private=True)
    asked, *others = waiting_for(number, 3)
    send(asked, NOW)
    assert due(NOW + timedelta(seconds=4)) == []
    assert sorted(due(NOW + timedelta(seconds=5))) == sorted([asked, *others])


def test_a_program_that_does_not_answer_holds_up_no_other(adam: User, program: Program) -> None:
    silent, _ = webhooks.add(NOBODY, [Cause.REVIEW], adam, NOW, allow_private=True)
    other, _ = webhooks.add(program.url, [Cause.REVIEW], adam, NOW, allow_private=True)
    [asked], [theirs] = waiting_for(silent, 1), waiting_for(other, 1)
    send(asked, NOW)
    assert due(NOW) == [theirs]


#: Nothing listens at the port for discarding.
NOBODY = "http://127.0.0.1:9/"


def waiting_for(webhook: UUID, count: int) -> list[UUID]:
    """So many messages that are due."""
    made = Dispatch.objects.bulk_create(
        Dispatch(
            webhook_id=webhook, event=Cause.REVIEW, body=b"{}", created_at=NOW, next_try_at=NOW
        )
        for _ in range(count)
    )
    return [each.pk for each in made]


def _die(*_: object) -> None:
    raise KeyboardInterrupt
