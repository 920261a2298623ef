"""Messages to programs on their way: signed, sent, tried again, given up.

An attempt is written down before it is made: one that dies with its worker is made again after
LEASE. Nothing of an answer but its status is kept. A program that does not answer is asked by one
message at a time, so that it holds up nobody else's.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from federation.errors import FederationError
from federation.peers.connection import Connection
from indicators.models import Dispatch, Webhook
from indicators.notices import webhooks
from indicators.notices.errors import NoticeError, WebhookRefused
from indicators.notices.signature import sign
from indicators.store.sql import open_cursor

log = structlog.get_logger("retort.notices")

LEASE = timedelta(minutes=5)
#: Pauses between attempts; after the last of them it is given up, and the webhook disabled.
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
#: So long at most the other messages to a program wait that did not answer.
_QUIET = timedelta(minutes=5)
_SECONDS = 10.0
_AT_ONCE = 500
_GONE = 410

# The primary key; whoever comes second finds it moved ahead.
_CLAIM = """
UPDATE indicators_dispatch SET tries = tries + 1, next_try_at = %(lease)s
WHERE id = %(id)s AND next_try_at <= %(now)s AND ended_at IS NULL
RETURNING id
"""


def due(now: datetime) -> list[UUID]:
    """Messages whose time has come; dispatches_due."""
    found = Dispatch.objects.filter(next_try_at__lte=now).order_by("next_try_at")
    return list(found.values_list("pk", flat=True)[:_AT_ONCE])


def send(number: UUID, now: datetime) -> bool:
    """Make one attempt, if it is due; whether the message was taken."""
    with open_cursor() as cursor:
        asked = {"id": number, "now": now, "lease": now + LEASE}
        if not cursor.execute(_CLAIM, asked).fetchall():
            return False
    dispatch = Dispatch.objects.select_related("webhook").get(pk=number)
    status, failure = _attempt(dispatch, now)
    if not failure:
        _note(dispatch, status=status, failure="", ended_at=now, next_try_at=None)
    elif status == _GONE or dispatch.tries > len(PAUSES):
        _note(dispatch, status=status, failure=failure, ended_at=now, next_try_at=None)
        _give_up(dispatch.webhook, status, now)
    else:
        pause = PAUSES[dispatch.tries - 1]
        _note(dispatch, status=status, failure=failure, next_try_at=now + pause)
        if status is None:
            _wait_with_others(dispatch, now + min(pause, _QUIET))
    return not failure


def _note(dispatch: Dispatch, **outcome: object) -> None:
    """What came of an attempt, unless the webhook was disabled or removed in the meantime."""
    Dispatch.objects.filter(pk=dispatch.pk, ended_at=None).update(**outcome)


def _wait_with_others(dispatch: Dispatch, until: datetime) -> None:
    """Nobody answered: what else is due for that program comes behind this message."""
    due_too = Dispatch.objects.filter(webhook=dispatch.webhook, next_try_at__lt=until)
    due_too.exclude(pk=dispatch.pk).update(next_try_at=until)


def _attempt(dispatch: Dispatch, now: datetime) -> tuple[int | None, str]:
    """The status of the answer, and why it was not taken."""
    webhook, body, message = dispatch.webhook, bytes(dispatch.body), str(dispatch.pk)
    timestamp = int(now.timestamp())
    try:
        headers = {
            "webhook-id": message,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(webhooks.secret_of(webhook), message, timestamp, body),
        }
        with Connection(
            [webhook.url], allow_private=webhook.allow_private, seconds=_SECONDS
        ) as connection:
            status = connection.tell(webhook.url, body, headers)
    except (FederationError, NoticeError, ValueError) as error:
        return None, str(error)[:500]
    if 200 <= status < 300:
        return status, ""
    return status, f"It answered with {status}."


def _give_up(webhook: Webhook, status: int | None, now: datetime) -> None:
    because = (
        "It answered that it is gone (410)."
        if status == _GONE
        else "It took no message for days, however often it was tried."
    )
    log.warning("a webhook is disabled", webhook=str(webhook.pk), reason=because)
    with suppress(WebhookRefused):  # it was removed in the meantime
        webhooks.disable(webhook.pk, "worker", now, because)
