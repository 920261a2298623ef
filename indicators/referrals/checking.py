"""A pack looked at by whoever got it: is it what was signed, whole, and does each proof hold? Pure.

1. The archive is one of ours: named files, each once, of bounded size.
2. The manifest is canonical and signed with the key that it names.
3. The archive holds exactly the files that the manifest lists, with their digests.
4. Every object that goes along has its proof, which holds, and no other.

Whose key it is the reader compares: with the thumbprint that the node's operator tells.
"""

import hashlib
import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from federation import signing
from federation.canonical import canonical, parse
from federation.errors import FederationError
from federation.keys import KEY_BYTES, thumbprint
from indicators.proofs import proof as proofs
from indicators.proofs.errors import ProofError
from indicators.proofs.steps import verify
from indicators.proofs.trust import Trust
from indicators.referrals.errors import ReferralError
from indicators.referrals.packing import JWS_TYPE, MANIFEST, SIGNATURE

MOST_FILES, MOST_BYTES = 2000, 256 << 20
# Of what stands before each file, and of the end of the directory, which has no remark.
_HEADER_BYTES, _END_BYTES, _END = 30, 22, b"PK\x05\x06"
# What zipfile stumbles over in an archive that somebody made to be stumbled over.
_BROKEN = (
    zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
    IndexError, OverflowError, struct.error,
)  # fmt: skip


class PackRefused(ReferralError):
    """A pack that is not, or no longer, what was signed."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a sound pack says of itself, fit to be printed; `kid`: the key to compare."""

    referral: str
    node: str
    recipient: str
    campaign: str
    made: str
    kid: str
    files: int
    proofs: int


class _Named(msgspec.Struct):
    name: str


class _Key(msgspec.Struct):
    kid: str
    x: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _File(msgspec.Struct):
    name: str
    sha256: str
    bytes: int


class _Object(msgspec.Struct):
    id: str
    sha256: str
    form: str


class _Manifest(msgspec.Struct):
    referral: str
    made: str
    node: _Named
    recipient: _Named
    campaign: str
    approved: Annotated[list[str], msgspec.Meta(min_length=2, max_length=2)]
    key: _Key
    files: list[_File]
    disclosed: list[_Object]


def check(body: bytes, signer: str = "") -> Checked:
    """What the pack says, if all of it holds. `signer`: the thumbprint that the reader was told.

    Raises PackRefused.
    """
    held = _files(body)
    manifest = _signed_manifest(held)
    if signer and manifest.key.kid != signer:
        raise PackRefused(f"The pack is signed with {manifest.key.kid}, and not with {signer}.")
    _check_files(manifest, held)
    count = _check_proofs(manifest, held)
    return Checked(
        _printable(manifest.referral),
        _printable(manifest.node.name),
        _printable(manifest.recipient.name),
        _printable(manifest.campaign),
        _printable(manifest.made),
        _printable(manifest.key.kid),
        len(manifest.files),
        count,
    )


def _printable(text: str) -> str:
    """Without what moves a terminal's cursor over the lines before: Mallory signs packs, too."""
    return "".join(each if each.isprintable() else "�" for each in text)


def _files(body: bytes) -> dict[str, bytes]:
    """Step 1. Nothing is compressed and nothing there twice: all of it is no more than the file."""
    if len(body) > MOST_BYTES:
        raise PackRefused("The archive is larger than any pack.")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
            _check_entries(entries, len(body))
            _check_gaps(entries, body, archive.start_dir)
            held = {each.filename: archive.read(each) for each in entries}
    except _BROKEN as error:
        raise PackRefused(f"This is no pack: {error}.") from error
    if len(held) < len(entries):
        raise PackRefused("A file is in the archive twice.")
    return held


def _check_entries(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    """What the directory says, before anything is read by it."""
    if len(entries) > MOST_FILES:
        raise PackRefused("The archive holds more files than any pack.")
    if any(
        each.compress_type != zipfile.ZIP_STORED or each.compress_size != each.file_size
        for each in entries
    ):
        raise PackRefused("The archive is compressed; a pack is not.")
    if sum(each.file_size for each in entries) > size:
        raise PackRefused("The archive's files lie over each other; together they exceed it.")


def _check_gaps(entries: Sequence[zipfile.ZipInfo], body: bytes, directory: int) -> None:
    """File after file, then the directory, then nothing: what reads it as a stream reads the same.

    That each file has the name that the directory gives it is checked where it is read.
    """
    at = 0
    for each in sorted(entries, key=lambda entry: entry.header_offset):
        if each.header_offset != at:
            break
        at += _HEADER_BYTES + len(each.orig_filename.encode()) + each.file_size
    if at != directory or body[-_END_BYTES:][:4] != _END:
        raise PackRefused("The archive holds bytes that its directory doesn't name.")


def _signed_manifest(held: Mapping[str, bytes]) -> _Manifest:
    """Step 2."""
    if MANIFEST not in held or SIGNATURE not in held:
        raise PackRefused(f"The pack has no {MANIFEST} with its signature.")
    body = held[MANIFEST]
    try:
        value = parse(body, max_bytes=len(body))
        manifest = msgspec.convert(value, _Manifest)
        key = bytes.fromhex(manifest.key.x)
        if canonical(value) != body or len(key) != KEY_BYTES or thumbprint(key) != manifest.key.kid:
            raise PackRefused("The manifest is not as a node writes it.")
        jws = held[SIGNATURE].decode("ascii").removesuffix("\n")
        signing.verify_detached(jws, body, key, JWS_TYPE)
    except (FederationError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise PackRefused(f"The manifest does not hold: {error}") from error
    return manifest


def _check_files(manifest: _Manifest, held: Mapping[str, bytes]) -> None:
    """Step 3."""
    listed = {each.name: each for each in manifest.files}
    if set(held) != {*listed, MANIFEST, SIGNATURE} or len(listed) < len(manifest.files):
        odd = sorted({*held} ^ {*listed, MANIFEST, SIGNATURE})
        raise PackRefused(f"The archive does not hold what its manifest lists: {', '.join(odd)}.")
    for name, each in listed.items():
        if hashlib.sha256(held[name]).hexdigest() != each.sha256:
            raise PackRefused(f"{name} was altered after the pack was signed.")


def _check_proofs(manifest: _Manifest, held: Mapping[str, bytes]) -> int:
    """Step 4; how many there are."""
    proven = {}
    for name in sorted(each for each in held if each.startswith("proofs/")):
        try:
            proof = proofs.read(held[name])
            verify(proof, Trust())
        except ProofError as error:
            raise PackRefused(f"{name}: {error}") from error
        proven[str(proof.value.get("id"))] = proof.sha256.hex()
    whole = {each.id: each.sha256 for each in manifest.disclosed if each.form == "object"}
    if proven != whole:
        raise PackRefused("The proofs are not those of the objects that go along.")
    return len(proven)
