"""`verify --proof` checks a file with neither database nor network."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from federation.keys import thumbprint
from tests.proofs.forging import FIRST, THIEF, VECTORS, VKEY, WITNESS

GOOD = VECTORS / "alder.json"
TOLD = ["--vkey", VKEY, "--signer", thumbprint(FIRST.public_key), "--witness", WITNESS]


def run(path: Path, *options: str) -> str:
    out = io.StringIO()
    call_command("verify", "--proof", str(path), *options, stdout=out)
    return out.getvalue()


def test_a_proof_that_is_compared_with_what_was_told_is_sound() -> None:
    assert run(GOOD, *TOLD).splitlines()[-1] == "Sound."


def test_it_says_what_it_rests_on_if_nothing_was_told() -> None:
    assert "not compared with anything: key, checkpoint, witnesses" in run(GOOD)


def test_it_says_what_it_does_not_prove() -> None:
    assert "It proves who said it, not that it is so." in run(GOOD)


def test_it_says_what_nobody_could_check() -> None:
    said = run(VECTORS / "unsigned.json", "--vkey", VKEY, "--witness", WITNESS)
    assert said.splitlines()[-1].endswith("; nothing to check: signature, key.")


def test_a_file_without_end_is_read_no_further_than_a_proof_goes(tmp_path: Path) -> None:
    endless = tmp_path / "endless.json"
    with endless.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(CommandError, match="bytes where"):
        run(endless)


def test_a_forged_proof_is_refused_with_the_step() -> None:
    with pytest.raises(CommandError, match=r"not sound \(inclusion\)"):
        run(VECTORS / "refused" / "altered-path.json", *TOLD)


def test_another_signer_than_the_told_one_is_refused() -> None:
    with pytest.raises(CommandError, match=r"not sound \(key\)"):
        run(GOOD, "--signer", thumbprint(THIEF.public_key))


def test_a_witness_that_is_asked_for_has_to_be_there() -> None:
    with pytest.raises(CommandError, match=r"not sound \(witnesses\)"):
        run(VECTORS / "refused" / "witness-left-out.json", "--witness", WITNESS)


def test_what_is_no_proof_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="This is no proof of format retort-proof/1"):
        run(VECTORS / "refused" / "cut-short.json")


def test_a_file_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(Path("nowhere.json"))


def test_scripts_read_it_as_json() -> None:
    assert [each["standing"] for each in json.loads(run(GOOD, *TOLD, "--json"))] == ["holds"] * 7


def test_no_database_and_no_network_is_asked(tmp_path: Path) -> None:
    nowhere = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "RETORT_DATA": str(tmp_path),
    }
    made = subprocess.run(
        [sys.executable, "manage.py", "verify", "--proof", str(GOOD), *TOLD],
        env=nowhere,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0 and made.stdout.endswith("Sound.\n"), made.stderr
