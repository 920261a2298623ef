"""A pack: its files, the manifest that names them, its signature, and all of it as one ZIP. Pure.

Nothing in here depends on when, where or by whom it is made again: the same content gives the same
bytes. Nothing is compressed, and every time in the archive is the same.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from federation import signing
from federation.canonical import JSON, canonical
from federation.errors import FederationError
from federation.keys import SigningKey, thumbprint
from indicators.referrals import html, xarf
from indicators.referrals.content import Content
from indicators.referrals.errors import RenderedDifferently
from indicators.referrals.report import report

JWS_TYPE = "retort-referral+jws"
FORMAT = "retort-referral-manifest/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.json.jws"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNSAFE = re.compile(r"[^a-z0-9.-]")


@dataclass(frozen=True, slots=True)
class Approved:
    """Two approvals, and whose key signed: its public half and the detached JWS."""

    at: tuple[datetime, datetime]
    public_key: bytes
    jws: str = ""


def files(content: Content) -> dict[str, bytes]:
    """Every file of a pack but the manifest, by name, in order."""
    # What draws PDF takes a fifth of the time in which any process of ours starts; few ever draw.
    from indicators.referrals import pdf

    objects = _bundle(content)
    rendered = report(content)
    made = {
        "report.html": html.render(rendered),
        "report.pdf": pdf.render(rendered),
        "objects.stix.json": objects,
    }
    if content.recipient.kind == "provider":
        made["abuse-report.xarf.json"] = xarf.render(content, objects)
    proofs = {_proof_name(each.id): each.proof.encode() for each in content.full}
    return dict(sorted({**made, **proofs}.items()))


def _bundle(content: Content) -> bytes:
    objects: list[JSON] = [each.value for each in content.full]
    bundle_id = uuid5(NAMESPACE_URL, f"retort-referral:{content.id}")
    return canonical({"type": "bundle", "id": f"bundle--{bundle_id}", "objects": objects})


def _proof_name(stix_id: str) -> str:
    return f"proofs/{_UNSAFE.sub('-', stix_id)}.json"


def manifest(content: Content, made: Mapping[str, bytes], approved: Approved) -> bytes:
    """What is signed: every file with its digest, every object, who it is for, the approvals."""
    listed: list[JSON] = [
        {"name": name, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
        for name, body in made.items()
    ]
    disclosed: list[JSON] = [
        {"id": each.id, "sha256": each.sha256, "form": "object" if each.is_full else "digest"}
        for each in content.objects
    ]
    stamps: list[JSON] = [each.astimezone(UTC).isoformat() for each in approved.at]
    return canonical(
        {
            "format": FORMAT,
            "referral": content.id,
            "made": content.made,
            "node": {"name": content.node, "identity": content.node_id},
            "recipient": {"name": content.recipient.name, "kind": content.recipient.kind},
            "campaign": content.campaign,
            "approved": stamps,
            "key": {"kid": thumbprint(approved.public_key), "x": approved.public_key.hex()},
            "files": listed,
            "disclosed": disclosed,
        }
    )


def sign(
    content: Content, at: tuple[datetime, datetime], key: SigningKey
) -> tuple[Approved, bytes]:
    """The node's word for a pack that two people approved, and the ZIP of it."""
    made, unsigned = files(content), Approved(at, key.public_key)
    body = manifest(content, made, unsigned)
    approved = replace(unsigned, jws=signing.sign_detached(body, key, JWS_TYPE))
    return approved, _zipped(made, body, approved)


def pack(content: Content, approved: Approved) -> bytes:
    """The ZIP made again, if it comes out as it was signed. Raises RenderedDifferently."""
    made = files(content)
    body = manifest(content, made, approved)
    try:
        signing.verify_detached(approved.jws, body, approved.public_key, JWS_TYPE)
    except FederationError as error:
        raise RenderedDifferently(
            "The pack comes out differently from what was approved and signed: its content or this"
            " software was changed. Make it with the software that it was approved with, or refer"
            f" anew. ({error})"
        ) from error
    return _zipped(made, body, approved)


def _zipped(made: Mapping[str, bytes], signed: bytes, approved: Approved) -> bytes:
    entries = {**made, MANIFEST: signed, SIGNATURE: f"{approved.jws}\n".encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, body in entries.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            # Else it is the operating system's.
            entry.create_system = 3
            archive.writestr(entry, body)
    return out.getvalue()
