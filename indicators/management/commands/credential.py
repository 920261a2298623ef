"""`manage.py credential`: what members' programs show at the door."""

import getpass
import hashlib
import re
import ssl
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management.base import CommandError
from django.db import transaction

from federation.keys import thumbprint
from indicators.access import WeakKey, make_credential, register_certificate
from indicators.detections import audit
from indicators.management.terms import detector_named, member_named
from indicators.management.verbs import VerbCommand
from indicators.models import Credential, Member, Scope

_HEX = re.compile("[0-9a-f]{64}")
_OF_A_DETECTOR = {Scope.INGEST, Scope.FEEDBACK}


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
        create.add_argument(
            "--key-file",
            type=Path,
            metavar="FILE",
            help="take the API key from here, where both ends were given it; default: a new one",
        )
        _add_permissions(create)
        self.verb(verbs, "list", self.list, "List credentials.")
        revoke = self.verb(verbs, "revoke", self.revoke, "Revoke a credential, at once.")
        revoke.add_argument("name")

    def create(self, options: dict[str, Any]) -> None:
        member, name = member_named(options["member"]), options["name"]
        permissions = _permissions(options)
        days = options["days"]
        permissions["expires_at"] = datetime.now(UTC) + timedelta(days=days) if days else None
        row = {
            "name": name,
            "member": member.name,
            "scopes": " ".join(permissions["scopes"]),
            "expires": permissions["expires_at"] or "never",
        }
        if permissions["public_key"]:
            row["keyid"] = thumbprint(permissions["public_key"])
        if options["certificate"]:
            certificate = _read_certificate(options["certificate"])
            with transaction.atomic():
                register_certificate(member, name, certificate, **permissions)
                _write_down("create", name, member.name, permissions["scopes"])
            self.show([row | {"sha256": hashlib.sha256(certificate).hexdigest()}], options)
            return
        key = _create_key(member, name, options["key_file"], permissions)
        self.show([row if options["key_file"] else row | {"key": key}], options)
        if not options["key_file"]:
            self.stderr.write("Keep the key: it is stored as a hash and can't be shown again.")

    def list(self, options: dict[str, Any]) -> None:
        found = Credential.objects.select_related("member", "detector")
        self.show([_row(each) for each in found], options)

    def revoke(self, options: dict[str, Any]) -> None:
        with transaction.atomic():
            found = Credential.objects.filter(name=options["name"], revoked_at=None)
            credential = found.select_related("member").first()
            if credential is None:
                raise CommandError(f"There is no credential {options['name']!r} to revoke.")
            found.update(revoked_at=datetime.now(UTC))
            _write_down("revoke", credential.name, credential.member.name, credential.scopes)
        self.show([{"name": options["name"], "revoked": True}], options)


def _add_permissions(create: ArgumentParser) -> None:
    create.add_argument(
        "--scope",
        action="append",
        choices=Scope.values,
        help="a door that it opens; may be repeated (default: feed)",
    )
    create.add_argument("--detector", help="the detector it speaks for: ingest and feedback")
    create.add_argument(
        "--public-key",
        metavar="KEY",
        help="Ed25519 key of signed requests (RFC 9421): a PEM file, or as `key list` prints it",
    )
    create.add_argument("--must-sign", action="store_true", help="refuse its unsigned requests")


def _permissions(options: dict[str, Any]) -> dict[str, Any]:
    scopes = options["scope"] or [Scope.FEED]
    if _OF_A_DETECTOR & set(scopes) and not options["detector"]:
        raise CommandError("Detections and feedback come from a detector; name it by --detector.")
    return {
        "scopes": scopes,
        "detector": detector_named(options["detector"]) if options["detector"] else None,
        "public_key": _read_public_key(options["public_key"]) if options["public_key"] else None,
        "must_sign": options["must_sign"],
    }


def _write_down(act: str, name: str, member: str, scopes: Sequence[str]) -> None:
    actor = getpass.getuser()
    audit.record(actor, f"{act} credential", name, member=member, scopes=list(scopes))


def _row(credential: Credential) -> dict[str, Any]:
    return {
        "name": credential.name,
        "member": credential.member.name,
        "scopes": " ".join(credential.scopes),
        "detector": credential.detector.name if credential.detector else "",
        "signs": _signs(credential),
        "expires": credential.expires_at or "never",
        "revoked": credential.revoked_at or "no",
    }


def _signs(credential: Credential) -> str:
    if credential.public_key is None:
        return "no"
    return "must" if credential.must_sign else "may"


def _create_key(member: Member, name: str, file: Path | None, permissions: dict[str, Any]) -> str:
    """A new API key, or the one in the file."""
    try:
        given = file.read_text(encoding="ascii").strip() if file else None
        with transaction.atomic():
            _, key = make_credential(member, name, key=given, **permissions)
            _write_down("create", name, member.name, permissions["scopes"])
    except (OSError, UnicodeDecodeError, WeakKey) as error:
        raise CommandError(f"{file} can't be read as an API key: {error}") from error
    return key


def _read_public_key(given: str) -> bytes:
    """From a PEM file, or from the hexadecimal form that a node's `key list` prints."""
    if _HEX.fullmatch(given):
        return bytes.fromhex(given)
    path = Path(given)
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise CommandError(f"{path} is not a public key in PEM: {error}.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise CommandError(f"{path} is not an Ed25519 key; make one for signed requests.")
    return key.public_bytes_raw()


def _read_certificate(path: Path) -> bytes:
    try:
        return ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} is not a PEM certificate: {error}.") from error
