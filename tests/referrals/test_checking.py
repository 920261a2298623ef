"""Whoever got a pack can tell whether it is what was signed."""

import contextlib
import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from federation.canonical import canonical, parse
from federation.keys import SigningKey, thumbprint
from federation.signing import sign_detached
from indicators.referrals.checking import PackRefused, check
from indicators.referrals.packing import JWS_TYPE, pack
from tests.proofs.forging import VECTORS
from tests.referrals.test_packing import KEY, OBJECT, content, opened, signed

Files = dict[str, bytes]


def packed() -> bytes:
    return pack(content(), signed(content()))


def changed(change: Callable[[Files], object]) -> bytes:
    """The pack with its files changed in place."""
    files = opened(packed())
    change(files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


def resigned(files: Files, key: SigningKey) -> None:
    """Mallory signs the manifest as it is, with the key that it names or with another."""
    files["manifest.json.jws"] = sign_detached(files["manifest.json"], key, JWS_TYPE).encode()


def test_a_sound_pack_says_whose_it_is() -> None:
    checked = check(packed(), thumbprint(KEY.public_key))
    assert (checked.node, checked.recipient, checked.proofs) == ("Alder", "Provider", 1)


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("report.html was altered", lambda f: f.update({"report.html": b"<p>Nothing"})),
        ("does not hold what its manifest lists", lambda f: f.update({"more.txt": b"x"})),
        ("does not hold what its manifest lists", lambda f: f.pop("report.pdf")),
        ("has no manifest.json", lambda f: f.pop("manifest.json.jws")),
        ("manifest does not hold", lambda f: resigned(f, SigningKey.from_seed(bytes(32)))),
        (
            "manifest does not hold",
            lambda f: f.update({"manifest.json": f["manifest.json"].replace(b"Alder", b"Birch")}),
        ),
    ],
)
def test_a_changed_pack_is_refused(words: str, change: Callable[[Files], object]) -> None:
    with pytest.raises(PackRefused, match=words):
        check(changed(change))


def test_a_forged_proof_is_refused_though_the_pack_is_signed_again() -> None:
    def forge(files: Files) -> None:
        name = f"proofs/{OBJECT}.json"
        old, files[name] = files[name], (VECTORS / "refused" / "altered-path.json").read_bytes()
        manifest = parse(files["manifest.json"], max_bytes=1 << 20)
        text = canonical(manifest).decode().replace(_digest(old), _digest(files[name]))
        files["manifest.json"] = text.encode()
        resigned(files, KEY)

    with pytest.raises(PackRefused, match="Step 5, inclusion"):
        check(changed(forge))


def test_another_signer_than_the_told_one_is_refused() -> None:
    with pytest.raises(PackRefused, match="and not with"):
        check(packed(), "A" * 43)


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(PackRefused, match="This is no pack"):
        check(b"nothing of the kind")


def test_a_compressed_archive_is_not_opened() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.html", b"x" * 1000)
    with pytest.raises(PackRefused, match="compressed"):
        check(out.getvalue())


def test_files_that_lie_over_each_other_are_not_read() -> None:
    """Two thousand names for the same quarter of a gigabyte would fill every memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(3):
            archive.writestr(f"proofs/{number}.json", b"x" * 10_000)
        for each in archive.infolist():
            each.header_offset = 0
            each.filename = "proofs/0.json"
    with pytest.raises(PackRefused, match="over each other"):
        check(out.getvalue()[:10_100] + out.getvalue()[-300:])


@pytest.mark.parametrize("place", ["before", "between", "after"])
def test_bytes_that_the_directory_does_not_name_are_refused(place: str) -> None:
    """What reads the archive as a stream would take them for a file."""
    sound, more = packed(), b"<p>Nothing of this is true."
    out = {"before": more + sound, "between": _widened(more), "after": sound + more}[place]
    with pytest.raises(PackRefused, match="its directory doesn't name"):
        check(out)


def _widened(more: bytes) -> bytes:
    """The pack with something between its first file and the second."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in opened(packed()).items():
            archive.writestr(name, body)
            if len(archive.infolist()) == 1:
                out.write(more)
                archive.start_dir = out.tell()
    return out.getvalue()


@given(at=st.integers(0, 1_000), byte=st.integers(0, 255), cut=st.integers(0, 400))
def test_whatever_is_broken_in_an_archive_is_refused_in_a_sentence(
    at: int, byte: int, cut: int
) -> None:
    body = bytearray(SMALL)
    body[at % len(body)] = byte
    with contextlib.suppress(PackRefused):
        check(bytes(body[: len(body) - cut]))


def test_a_nodes_name_does_not_move_the_cursor() -> None:
    made = content(node="Alder\x1b[2K\rSound.\n")
    assert check(pack(made, signed(made))).node == "Alder�[2K�Sound.�"


def _small() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("manifest.json", b"{}")
        archive.writestr("manifest.json.jws", b"..")
    return out.getvalue()


SMALL = _small()


def test_the_command_checks_a_pack(tmp_path: Path) -> None:
    out, path = io.StringIO(), tmp_path / "pack.zip"
    path.write_bytes(packed())
    call_command("verify", "--pack", str(path), "--signer", thumbprint(KEY.public_key), stdout=out)
    assert out.getvalue().endswith("Sound.\n")


def test_the_command_refuses_a_changed_pack_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(changed(lambda f: f.pop("report.pdf")))
    with pytest.raises(CommandError, match=r"report\.pdf"):
        call_command("verify", "--pack", str(path))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
