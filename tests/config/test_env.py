"""Configuration: typed, from variables or files, and refused with a cure."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from indicators.config import env
from indicators.local.places import CHECKOUT

KEY = base64.b64encode(bytes(32)).decode()
COMPLETE = {
    "RETORT_ENV": "production",
    "SECRET_KEY": "not-a-secret-in-a-test",
    "KEY_ENCRYPTION_KEY": KEY,
    "PUBLIC_URL": "https://alder.example",
    "DATABASE_URL": "postgresql://retort@db/retort",
    "BROKER_URL": "redis://broker/0",
}


def boot(
    variables: dict[str, str],
    script: str = "import indicators.config.settings as s; print(s.NODE_HOST)",
) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_boots_with_its_keys() -> None:
    assert boot(COMPLETE).stdout.strip() == "alder.example"


@pytest.mark.parametrize("missing", sorted(set(COMPLETE) - {"RETORT_ENV"}))
def test_production_refuses_to_boot_without(missing: str) -> None:
    refused = boot({name: value for name, value in COMPLETE.items() if name != missing})
    assert refused.returncode != 0
    assert f"{missing} is not set" in refused.stderr


def test_production_needs_a_second_factor_of_everybody() -> None:
    refused = boot(COMPLETE | {"MFA": "optional"})
    assert "MFA is 'optional'" in refused.stderr


def test_in_production_a_session_goes_over_https_only() -> None:
    script = (
        "import indicators.config.settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)"
    )
    assert boot(COMPLETE, script).stdout.split() == ["__Host-session", "True", "31536000"]


def test_a_command_says_what_is_wrong_in_one_sentence(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "RETORT_DATA": str(tmp_path), "PAGE_SIZE": "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr == "Configuration: PAGE_SIZE is 'many'; it must be a whole number.\n"


def test_doctor_lists_every_variable_that_the_settings_read(tmp_path: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--variables"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "RETORT_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    source = (CHECKOUT / "indicators" / "config" / "settings.py").read_text()
    for name in re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source):
        assert name in listed


def test_production_makes_no_files(tmp_path: Path) -> None:
    boot({**COMPLETE, "RETORT_DATA": str(tmp_path / "data")})
    assert not (tmp_path / "data").exists()


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    variables = {**COMPLETE, "KEY_ENCRYPTION_KEY_FILE": str(file)}
    del variables["KEY_ENCRYPTION_KEY"]
    assert boot(variables).returncode == 0


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "one")
    monkeypatch.setenv("SECRET_KEY_FILE", "/somewhere")
    with pytest.raises(env.Misconfigured, match="both set"):
        env.secret("SECRET_KEY", "")


def test_a_secrets_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", "/does/not/exist")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    with pytest.raises(env.Misconfigured, match="/does/not/exist"):
        env.secret("SECRET_KEY", "")


@pytest.mark.parametrize("value", ["zero", "1.5", "0", "-1"])
def test_a_number_out_of_range_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PAGE_SIZE", value)
    with pytest.raises(env.Misconfigured, match="PAGE_SIZE"):
        env.whole_number("PAGE_SIZE", 1000, "")


@pytest.mark.parametrize("value", ["short", "!!!", base64.b64encode(bytes(31)).decode()])
def test_a_key_of_the_wrong_form_is_refused_with_the_cure(value: str) -> None:
    with pytest.raises(env.Misconfigured, match="KEY_ENCRYPTION_KEY"):
        env.key_bytes("KEY_ENCRYPTION_KEY", value)


def test_an_unknown_choice_names_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETORT_ENV", "staging")
    with pytest.raises(env.Misconfigured, match="development, production"):
        env.choice("RETORT_ENV", "development", ("development", "production"), "")
