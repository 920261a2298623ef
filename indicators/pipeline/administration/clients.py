"""API clients: a key that is shown once, what it opens, when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from indicators.access import make_credential
from indicators.detections import audit
from indicators.models import Credential, Detector, Member


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client may do, for how long, and the key (Ed25519, 32 bytes) that it signs with."""

    scopes: Sequence[str]
    detector: Detector | None = None
    days: int | None = None
    public_key: bytes | None = None
    must_sign: bool = False


def create_client(member: Member, name: str, terms: Terms, actor: str) -> tuple[Credential, str]:
    """A new client of a member, and its API key: shown now, and never again."""
    ends = datetime.now(UTC) + timedelta(days=terms.days) if terms.days else None
    with transaction.atomic():
        credential, key = make_credential(
            member,
            name,
            scopes=terms.scopes,
            detector=terms.detector,
            public_key=terms.public_key,
            must_sign=terms.must_sign,
            expires_at=ends,
        )
        _write_down(actor, "create credential", credential)
    return credential, key


def revoke_client(credential: Credential, actor: str) -> None:
    """It opens nothing from now on."""
    with transaction.atomic():
        held = Credential.objects.filter(pk=credential.pk, revoked_at=None)
        if held.update(revoked_at=datetime.now(UTC)):
            _write_down(actor, "revoke credential", credential)


def _write_down(actor: str, act: str, credential: Credential) -> None:
    scopes = list(credential.scopes)
    audit.record(actor, act, credential.name, member=credential.member.name, scopes=scopes)
