"""`manage.py credential`: what members' programs show at the door."""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from indicators.access import make_credential, register_certificate
from indicators.management.terms import member_named
from indicators.management.verbs import VerbCommand
from indicators.models import Credential


class Command(VerbCommand):
    help = "API credentials: create (the key is shown once), list, revoke."

    def add_verbs(self, verbs: Any) -> None:
        create = self.verb(
            verbs, "create", self.create, "Create an API key, or register a certificate."
        )
        create.add_argument("member")
        create.add_argument("name", help="the user name for HTTP Basic")
        create.add_argument("--days", type=int, help="expire after so many days")
        create.add_argument(
            "--certificate", type=Path, metavar="PEM", help="a client certificate instead of a key"
        )
        self.verb(verbs, "list", self.list, "List credentials.")
        revoke = self.verb(verbs, "revoke", self.revoke, "Revoke a credential, at once.")
        revoke.add_argument("name")

    def create(self, options: dict[str, Any]) -> None:
        member, name = member_named(options["member"]), options["name"]
        days = options["days"]
        expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
        row = {"name": name, "member": member.name, "expires": expires_at or "never"}
        if options["certificate"]:
            certificate = _read_certificate(options["certificate"])
            register_certificate(member, name, certificate, expires_at=expires_at)
            self.show([row | {"sha256": hashlib.sha256(certificate).hexdigest()}], options)
            return
        _, key = make_credential(member, name, expires_at=expires_at)
        self.show([row | {"key": key}], options)
        self.stderr.write("Keep the key: it is stored as a hash and can't be shown again.")

    def list(self, options: dict[str, Any]) -> None:
        found = Credential.objects.select_related("member")
        self.show(
            [
                {
                    "name": each.name,
                    "member": each.member.name,
                    "expires": each.expires_at or "never",
                    "revoked": each.revoked_at or "no",
                }
                for each in found
            ],
            options,
        )

    def revoke(self, options: dict[str, Any]) -> None:
        changed = Credential.objects.filter(name=options["name"], revoked_at=None).update(
            revoked_at=datetime.now(UTC)
        )
        if not changed:
            raise CommandError(f"There is no credential {options['name']!r} to revoke.")
        self.show([{"name": options["name"], "revoked": True}], options)


def _read_certificate(path: Path) -> bytes:
    try:
        return ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} is not a PEM certificate: {error}.") from error
