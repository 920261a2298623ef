"""`manage.py key`: this node's own keys."""

import getpass
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from federation import node_keys
from federation.errors import FederationError
from federation.models import NodeKey
from indicators.detections import audit
from indicators.detections.identifiers import sealing
from indicators.management.progress import Progress
from indicators.management.verbs import VerbCommand
from indicators.pipeline.desk.looking import own_fingerprint
from indicators.store.custody import ensure_own_member, relaying_logs, shared_collections

Purpose = NodeKey.Purpose


class Command(VerbCommand):
    help = "This node's keys: list their thumbprints and public halves, rotate."

    def add_verbs(self, verbs: Any) -> None:
        self.verb(verbs, "list", self.list, "List all keys; retired ones still verify.")
        self.verb(
            verbs,
            "fingerprint",
            self.fingerprint,
            "What the operators of other nodes compare before they trust this one.",
        )
        rotate = self.verb(
            verbs, "rotate", self.rotate, "Replace a key; what it signed stays verifiable."
        )
        rotate.add_argument("purpose", choices=[Purpose.OBJECT.value, Purpose.REQUEST.value])
        self.verb(
            verbs,
            "rotate-data",
            self.rotate_data,
            "Encrypt identifiers with a new key; the old one is deleted when all are moved.",
        )

    def list(self, options: dict[str, Any]) -> None:
        rows = []
        for purpose in Purpose:
            node_keys.ensure_key(purpose)
            rows += [_row(purpose, key) for key in node_keys.public_keys(purpose)]
        self.show(rows, options)

    def fingerprint(self, options: dict[str, Any]) -> None:
        own = ensure_own_member()
        row = {"organization": own.name, "fingerprint": own_fingerprint()}
        self.show([row], options)

    def rotate(self, options: dict[str, Any]) -> None:
        purpose = Purpose(options["purpose"])
        try:
            with transaction.atomic():
                own = ensure_own_member()
                key = node_keys.rotate(purpose, own.identity_id, shared_collections, relaying_logs)
                audit.record(getpass.getuser(), "rotate", f"{purpose} key", kid=key.kid)
        except FederationError as error:
            raise CommandError(str(error)) from error
        self.show([_row(purpose, key)], options)
        self.stderr.write(
            "The old key vouches for it: peers that pinned that one follow within the hour."
            " Where a credential names the old request key, as at a key-holder, have it replaced."
        )

    def rotate_data(self, options: dict[str, Any]) -> None:
        sealing.rotate_data_key()
        audit.record(getpass.getuser(), "rotate", "data key")
        progress = Progress("sealed anew")
        while moved := sealing.reencrypt():
            progress.step(moved)
        progress.finish()
        self.show([{"sealed anew": progress.done}], options)


def _row(purpose: Purpose, key: node_keys.PublicKey) -> dict[str, Any]:
    return {
        "purpose": purpose.value,
        "kid": key.kid,
        "public_key": key.public_key.hex(),
        "created": key.created_at,
        "retired": key.retired_at or "no",
    }
