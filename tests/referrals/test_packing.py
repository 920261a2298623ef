"""A pack is the same bytes whenever, wherever and by whomever it is made again."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from federation.keys import SigningKey
from indicators.proofs.proof import write
from indicators.referrals.content import Claim, Content, Disclosed, Recipient, freeze, thaw
from indicators.referrals.errors import RenderedDifferently
from indicators.referrals.packing import Approved, files, pack, sign
from tests.proofs.forging import ORIGIN, good

KEY = SigningKey.from_seed(bytes(range(32)))
AT = (datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 2, 12, 30, 1, 5, tzinfo=UTC))
OBJECT = str(good().value["id"])
ELSEWHERE = """
import hashlib, sys
from datetime import datetime
from pathlib import Path
from indicators.referrals.content import thaw
from indicators.referrals.packing import Approved, pack
frozen, jws, key, *at = sys.argv[1:]
approved = Approved(tuple(map(datetime.fromisoformat, at)), bytes.fromhex(key), jws)
print(hashlib.sha256(pack(thaw(Path(frozen).read_bytes()), approved)).hexdigest())
"""


def content(**changes: Any) -> Content:
    proof = good()
    whole = Disclosed(
        OBJECT, "campaign", "Campaign 5", "2026-03-01 12:00 UTC", "TLP:GREEN", "Alder",
        "identity--a", proof.sha256.hex(), ORIGIN, proof.index, proof=write(proof).decode(),
    )  # fmt: skip
    digest = Disclosed(
        "indicator--1", "indicator", "", "2026-03-01 12:00 UTC", "TLP:GREEN", "Alder",
        "identity--a", "ab" * 32, ORIGIN, 6, tokens=500, kinds=("email",),
    )  # fmt: skip
    claim = Claim(
        "relationship--1", "Campaign 5", "月之暗面", "Alder", "Birch", "alleged", 70, "",
        ("payment-linkage",), "2026-02-23", "B3", ("A report",),
    )  # fmt: skip
    given = {
        "id": "3f0b6a0e-3f4e-4f0e-9b1e-0d6f4c9f2b11",
        "made": "2026-03-01 12:00 UTC",
        "node": "Alder",
        "node_id": "identity--a",
        "contact": "abuse@alder.example",
        "recipient": Recipient("Provider", "provider", "Abuse desk", "TLP:GREEN"),
        "campaign": OBJECT,
        "title": "Alleged campaign of アリババ & 다른 <b>회사</b>",
        "description": "",
        "summary": "Accounts acted together.",
        "request": "Keep your records.",
        "legal_basis": ("contract",),
        "facts": (("Interactions", "more than 150,000"),),
        "times": (("First seen", "2026-03-01 12:00 UTC"),),
        "claims": (claim,),
        "sources": (),
        "holds": ("Do not act before 2026-04-01T00:00:00.000Z",),
        "objects": (whole, digest),
        "excluded": (),
        **changes,
    }
    return Content(**given)


def signed(made: Content) -> Approved:
    return sign(made, AT, KEY)[0]


def opened(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_another_process_in_another_place_and_time_makes_the_same_bytes(tmp_path: Path) -> None:
    made = content()
    frozen = tmp_path / "frozen"
    frozen.write_bytes(freeze(made))
    approved = signed(made)
    at = [each.astimezone().isoformat() for each in AT]
    arguments = [str(frozen), approved.jws, approved.public_key.hex(), *at]
    elsewhere = {
        **os.environ, "TZ": "Asia/Shanghai", "LC_ALL": "zh_CN.UTF-8", "LANG": "zh_CN.UTF-8",
        "PYTHONHASHSEED": "7", "USER": "ben", "SOURCE_DATE_EPOCH": "1",
    }  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *arguments],
        env=elsewhere, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == hashlib.sha256(pack(made, approved)).hexdigest()


def test_days_later_the_bytes_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    made, approved = content(), signed(content())
    first = pack(made, approved)
    import time

    later = time.time() + timedelta(days=400).total_seconds()
    monkeypatch.setattr(time, "time", lambda: later)
    assert pack(thaw(freeze(made)), approved) == first


def test_what_is_signed_is_what_is_made_again() -> None:
    approved, body = sign(content(), AT, KEY)
    assert pack(content(), approved) == body


def test_the_manifest_lists_every_file_with_its_digest() -> None:
    made = opened(pack(content(), signed(content())))
    manifest = json.loads(made["manifest.json"])
    listed = {each["name"]: each["sha256"] for each in manifest["files"]}
    found = {name: hashlib.sha256(body).hexdigest() for name, body in made.items()}
    assert listed == {n: d for n, d in found.items() if not n.startswith("manifest.json")}


def test_what_was_changed_after_it_was_signed_is_not_packed() -> None:
    with pytest.raises(RenderedDifferently, match="differently from what was approved"):
        pack(content(summary="Something else."), signed(content()))


def test_another_key_does_not_sign_in_the_nodes_place() -> None:
    approved = signed(content())
    thief = SigningKey.from_seed(bytes(32))
    with pytest.raises(RenderedDifferently):
        pack(content(), Approved(AT, thief.public_key, approved.jws))


def test_approvals_are_part_of_what_is_signed() -> None:
    approved = signed(content())
    with pytest.raises(RenderedDifferently):
        pack(content(), Approved((AT[0], AT[0]), approved.public_key, approved.jws))


def test_every_time_in_the_archive_is_the_same() -> None:
    with zipfile.ZipFile(io.BytesIO(pack(content(), signed(content())))) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_proof_in_the_pack_can_be_checked() -> None:
    from indicators.proofs.proof import read
    from indicators.proofs.steps import verify
    from indicators.proofs.trust import Trust

    assert verify(read(files(content())[f"proofs/{OBJECT}.json"]), Trust())


def test_markup_in_a_name_is_text_in_the_report() -> None:
    assert b"&lt;b&gt;" in files(content())["report.html"]


def test_the_report_loads_nothing_and_runs_nothing() -> None:
    page = files(content())["report.html"].decode().lower()
    assert not [each for each in ("<script", "src=", "href=", "url(", "@import") if each in page]


@pytest.mark.parametrize(
    ("font", "text"),
    [("STSong-Light", "月之暗面"), ("HeiseiMin-W3", "アリババ"), ("HYSMyeongJo-Medium", "회사")],
)
def test_names_in_other_scripts_are_printed(font: str, text: str) -> None:
    page = files(content())["report.pdf"]
    assert font.encode() in page and _in_pdf(text) in page


def test_an_evidence_digest_is_listed_without_what_it_is_of() -> None:
    made = files(content())
    assert (
        b"ab" * 32 in made["report.html"]
        and "indicator--1" not in made["objects.stix.json"].decode()
    )


def test_an_authority_gets_no_abuse_report() -> None:
    authority = Recipient("Authority", "authority", "", "TLP:GREEN")
    assert "abuse-report.xarf.json" not in files(content(recipient=authority))


def _in_pdf(text: str) -> bytes:
    """UTF-16 as a PDF string has it: octal where it is no printable ASCII."""
    escaped = (
        f"\\{chr(byte)}"
        if chr(byte) in "()\\"
        else chr(byte)
        if 32 <= byte < 127
        else f"\\{byte:03o}"
        for byte in text.encode("utf-16-be")
    )
    return "".join(escaped).encode()
