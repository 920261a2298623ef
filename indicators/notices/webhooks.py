"""The programs that are told: added, disabled and removed by administrators; every act is audited.

A secret is sealed under the key-encryption key, bound to its webhook, and shown once.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, Subquery

from federation.errors import FederationError
from federation.peers import addresses
from indicators.detections import audit
from indicators.models import Cause, Dispatch, Webhook
from indicators.notices.errors import WebhookRefused
from indicators.notices.signature import new_secret

#: Webhooks of one node.
MOST = 20
_NONCE_BYTES = 12
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """A webhook, and when it was last told anything."""

    webhook: Webhook
    last_at: datetime | None


def add(
    url: str, events: Collection[Cause], person: User, now: datetime, *, allow_private: bool = False
) -> tuple[UUID, str]:
    """A webhook and its secret, which nobody will see again. Raises WebhookRefused."""
    check_address(url, allow_private)
    if not events:
        raise WebhookRefused("A webhook is told of something: choose at least one event.")
    if Webhook.objects.count() >= MOST:
        raise WebhookRefused(f"There are {MOST} webhooks; remove one first.")
    secret = new_secret()
    webhook = Webhook(
        url=url,
        events=[cause.value for cause in events],
        allow_private=allow_private,
        created_by=person.get_username(),
        created_at=now,
    )
    webhook.sealed_secret = _seal(webhook.pk, secret)
    with transaction.atomic():
        webhook.save(force_insert=True)
        _record(person, "add webhook", webhook, events=webhook.events)
    return webhook.pk, secret


def renew_secret(number: UUID, person: User) -> str:
    """A new secret in place of the old one, which counts no more. Raises WebhookRefused."""
    secret = new_secret()
    with transaction.atomic():
        webhook = _locked(number)
        webhook.sealed_secret = _seal(webhook.pk, secret)
        webhook.save(update_fields=["sealed_secret"])
        _record(person, "renew webhook secret", webhook)
    return secret


def enable(number: UUID, person: User) -> None:
    """Tell it again, from now on. Raises WebhookRefused."""
    with transaction.atomic():
        webhook = _locked(number)
        webhook.disabled_at, webhook.disabled_because = None, ""
        webhook.save(update_fields=["disabled_at", "disabled_because"])
        _record(person, "enable webhook", webhook)


def disable(number: UUID, actor: str, now: datetime, because: str = "") -> None:
    """Tell it nothing more, and what waits for it neither. Raises WebhookRefused."""
    with transaction.atomic():
        webhook = _locked(number)
        if webhook.disabled_at is not None:
            return
        webhook.disabled_at, webhook.disabled_because = now, because
        webhook.save(update_fields=["disabled_at", "disabled_because"])
        waiting = Dispatch.objects.filter(webhook=webhook, ended_at=None)
        waiting.update(ended_at=now, next_try_at=None, failure="The webhook was disabled.")
        audit.record(actor, "disable webhook", _subject(webhook), because=because)


def remove(number: UUID, person: User) -> None:
    """Forget it, with the log of what it was told. Raises WebhookRefused."""
    with transaction.atomic():
        webhook = _locked(number)
        _record(person, "remove webhook", webhook)
        webhook.delete()


def listed() -> list[Listed]:
    """Every webhook; for each a look-up on dispatches_of_webhook."""
    told = Dispatch.objects.filter(webhook=OuterRef("pk")).order_by("-created_at")
    found = Webhook.objects.annotate(last_at=Subquery(told.values("created_at")[:1]))
    return [Listed(each, each.last_at) for each in found[: MOST * 2]]


def log_of(number: UUID) -> tuple[Webhook, list[Dispatch]]:
    """A webhook and what it was told last. Raises WebhookRefused."""
    webhook = Webhook.objects.filter(pk=number).first()
    if webhook is None:
        raise WebhookRefused("There is no such webhook.")
    return webhook, list(Dispatch.objects.filter(webhook=webhook).order_by("-created_at")[:_SHOWN])


def secret_of(webhook: Webhook) -> str:
    """The secret that messages are signed with. Raises WebhookRefused."""
    sealed = bytes(webhook.sealed_secret)
    cipher = AESGCM(settings.KEY_ENCRYPTION_KEY)
    try:
        plain = cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(webhook.pk))
    except (InvalidTag, ValueError) as error:
        raise WebhookRefused(
            "The secret can't be opened: the key-encryption key is not the one it was sealed with."
            " Restore that key file, or make a new secret."
        ) from error
    return plain.decode()


def check_address(url: str, allow_private: bool) -> None:
    """What can be said of an address without asking anybody; the rest is checked when it is used.

    Raises WebhookRefused.
    """
    try:
        scheme, host, _ = addresses.origin_of(url)
    except FederationError as refusal:
        raise WebhookRefused(str(refusal)) from refusal
    if scheme != "https" and not allow_private:
        raise WebhookRefused(f"{url} is not https, which only our own network may do without.")
    try:
        addresses.check(ip_address(host), allow_private)
    except ValueError:
        return  # a name: looked up when it is used
    except FederationError as refusal:
        raise WebhookRefused(
            f"{host} is a loopback, private or otherwise closed address; only those of our own"
            " network can be allowed."
        ) from refusal


def _locked(number: UUID) -> Webhook:
    webhook = Webhook.objects.select_for_update().filter(pk=number).first()
    if webhook is None:
        raise WebhookRefused("There is no such webhook.")
    return webhook


def _seal(number: UUID, secret: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(settings.KEY_ENCRYPTION_KEY)
    return nonce + cipher.encrypt(nonce, secret.encode(), _bound(number))


def _bound(number: UUID) -> bytes:
    return b"retort/webhook/1\0" + number.bytes


def _record(person: User, act: str, webhook: Webhook, **detail: object) -> None:
    audit.record(person.get_username(), act, _subject(webhook), url=webhook.url, **detail)


def _subject(webhook: Webhook) -> str:
    return f"webhook {webhook.pk}"
