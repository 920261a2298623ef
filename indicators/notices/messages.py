"""Notices in words, and where they lead. Counts and links only: nothing that is a secret."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec
from django.conf import settings
from django.urls import reverse

from indicators.models import Cause
from indicators.notices.sources import MOST, Happening

#: The type of a message to programs, by cause (Standard Webhooks: full-stop delimited).
EVENTS: Mapping[Cause, str] = {
    Cause.REVIEW: "review.waiting",
    Cause.DECIDED: "draft.decided",
    Cause.LEADS: "leads.found",
    Cause.PEER: "peer.alarm",
    Cause.DETECTOR: "detector.demoted",
    Cause.REFERRAL: "referral.waiting",
}
#: What each cause is, for people who choose.
CAUSES: Mapping[Cause, str] = {
    Cause.REVIEW: "Drafts wait for review",
    Cause.DECIDED: "Somebody decided on what I wrote",
    Cause.LEADS: "New leads, once a day",
    Cause.PEER: "Something is wrong with a peer",
    Cause.DETECTOR: "A detector is not trusted to publish any more",
    Cause.REFERRAL: "Referrals wait for approval",
    Cause.WEBHOOK: "A webhook was disabled",
}
#: The same for programs, which wrote nothing.
FOR_PROGRAMS: Mapping[Cause, str] = {
    cause: "Somebody decided on a draft" if cause is Cause.DECIDED else CAUSES[cause]
    for cause in EVENTS
}
_DECISIONS = {
    "approved": "was approved",
    "rejected": "was rejected",
    "returned": "came back: a reviewer asks for changes",
}

# What a person wrote, by its page.
_WRITTEN = {
    "match": ("match", "answer to a match"),
    "submission": ("submission", "submission"),
    "cluster": ("cluster", "description of a cluster"),
}


class Message(NamedTuple):
    """A sentence, and the path of the page where the reader goes on."""

    text: str
    path: str


def message(cause: Cause, subject: str, count: int) -> Message:
    """What a notice says."""
    return _WORDS[cause](subject, count)


def body(each: Happening, now: datetime) -> bytes:
    """What a program is told: a type, a time, a count, a link."""
    path = message(each.cause, each.subject, each.count).path
    told = {
        "type": EVENTS.get(each.cause, each.cause.value),
        "timestamp": now.astimezone(UTC).isoformat(timespec="seconds"),
        "data": {"count": each.count, "url": address(path)},
    }
    return msgspec.json.encode(told)


def address(path: str) -> str:
    """A page's address for somebody who is elsewhere."""
    return f"{settings.PUBLIC_URL}{path}"


def _review(subject: str, count: int) -> Message:
    if not count:
        return Message("No draft waits for review any more.", reverse("reviews"))
    verb = "draft waits" if count == 1 else "drafts wait"
    return Message(f"{_number(count)} {verb} for review.", reverse("reviews"))


def _decided(subject: str, count: int) -> Message:
    act, kind, number = subject.split(" ")
    words = _DECISIONS.get(act, act)
    page, what = _WRITTEN[kind]
    return Message(f"Your {what} {words}.", reverse(page, args=[number]))


def _leads(subject: str, count: int) -> Message:
    what, day = "lead" if count == 1 else "leads", date.fromisoformat(subject)
    return Message(f"{_number(count)} new {what} on {day.day} {day:%B}.", reverse("matches"))


def _peer(subject: str, count: int) -> Message:
    if not count:
        return Message("What was wrong with a peer is over.", reverse("peers"))
    return Message("Something is wrong with a peer: see its page.", reverse("peers"))


def _detector(subject: str, count: int) -> Message:
    path = reverse("detector", args=[subject])
    if not count:
        return Message("A detector is trusted to publish again.", path)
    return Message("A detector erred too often: its drafts wait for a person from now on.", path)


def _referral(subject: str, count: int) -> Message:
    if not count:
        return Message("No referral waits for you any more.", reverse("referrals"))
    verb = "referral waits" if count == 1 else "referrals wait"
    return Message(f"{_number(count)} {verb} for approval.", reverse("referrals"))


def _webhook(subject: str, count: int) -> Message:
    if not count:
        return Message("A webhook that was disabled is on again, or gone.", reverse("webhooks"))
    return Message("A webhook failed too often and was disabled.", reverse("webhooks"))


def _number(count: int) -> str:
    return f"More than {MOST - 1:,}" if count >= MOST else f"{count:,}"


_WORDS = {
    Cause.REVIEW: _review,
    Cause.DECIDED: _decided,
    Cause.LEADS: _leads,
    Cause.PEER: _peer,
    Cause.DETECTOR: _detector,
    Cause.REFERRAL: _referral,
    Cause.WEBHOOK: _webhook,
}
