"""`manage.py token`: the keys that tokens are made with, and who has used how much of them."""

import base64
import getpass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from federation.pseudonyms import epochs, quota, remote
from federation.pseudonyms.epochs import EpochKey
from federation.pseudonyms.normalize import KINDS
from indicators.detections import audit
from indicators.management.verbs import VerbCommand
from indicators.models import Member


class Command(VerbCommand):
    help = "Token keys: list them, begin a new epoch, show what members used of their quotas."

    def add_verbs(self, verbs: Any) -> None:
        self.verb(
            verbs, "keys", self.keys, "List token keys: this node's, or those of its key-holder."
        )
        rotate = self.verb(
            verbs,
            "rotate-epoch",
            self.rotate_epoch,
            "Begin a new epoch now; the old keys end after the overlap.",
        )
        rotate.add_argument("kind", nargs="*", help="default: every kind")
        self.verb(verbs, "quota", self.quota, "What members have used today, of this node's keys.")

    def keys(self, options: dict[str, Any]) -> None:
        holder = settings.KEYHOLDER_URL
        found = remote.pinned_keys(holder) if holder else epochs.all_keys()
        now = datetime.now(UTC)
        self.show([_row(key, now) for key in found], options)

    def rotate_epoch(self, options: dict[str, Any]) -> None:
        if settings.KEYHOLDER_URL:
            raise CommandError(
                f"The keys are those of {settings.KEYHOLDER_URL}; begin an epoch there."
            )
        kinds = list(dict.fromkeys(options["kind"])) or list(KINDS)
        if unknown := [kind for kind in kinds if kind not in KINDS]:
            raise CommandError(f"There is no kind {unknown[0]!r}; kinds are: {', '.join(KINDS)}.")
        now = datetime.now(UTC)
        with transaction.atomic():
            begun = epochs.begin_epoch(kinds, now)
            audit.record(getpass.getuser(), "token-epoch-begun", ", ".join(kinds))
        self.show([_row(key, now) for key in begun], options)

    def quota(self, options: dict[str, Any]) -> None:
        # Uses are counted by a member's id, which stays when it is renamed.
        names = {str(member.pk): member.name for member in Member.objects.all()}
        self.show(
            [
                {
                    "member": names.get(use.member, use.member),
                    "kind": use.kind,
                    "epoch": use.epoch,
                    "used": use.used,
                    "of": use.allowed,
                }
                for use in quota.uses(datetime.now(UTC))
            ],
            options,
        )


def _row(key: EpochKey, now: datetime) -> dict[str, Any]:
    return {
        "kind": key.kind,
        "epoch": key.epoch,
        "key": base64.b32encode(key.key_id).decode().lower(),
        "state": _state(key, now),
        "since": key.not_before.isoformat(timespec="minutes"),
        "until": key.not_after.isoformat(timespec="minutes"),
        "dropped": key.dropped_at.isoformat(timespec="minutes"),
    }


def _state(key: EpochKey, now: datetime) -> str:
    if now >= key.dropped_at:
        return "dropped"
    return "overlap" if now >= key.not_after else "in use"
