"""The container files, as far as they can be judged without an engine."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from indicators.config.env import VARIABLES
from indicators.local.places import CHECKOUT

DOCKER = CHECKOUT / "docker"
TOOLS = Path(sys.executable).parent
OURS = ("migrations", "web", "worker", "scheduler")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml as the real Compose parser understands it."""
    parsed = subprocess.run(
        [TOOLS / "docker-compose", "-f", DOCKER / "compose.yaml", "config", "--format", "json"],
        env={"SITE": "alder.example", "NODE_NAME": "Alder Labs", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert parsed.returncode == 0, parsed.stderr
    return dict(json.loads(parsed.stdout))


def test_the_dockerfile_passes_hadolint() -> None:
    linted = subprocess.run(
        [TOOLS / "hadolint", DOCKER / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert linted.stdout + linted.stderr == ""


def test_compose_refuses_to_start_without_a_host_name() -> None:
    parsed = subprocess.run(
        [TOOLS / "docker-compose", "-f", DOCKER / "compose.yaml", "config", "--quiet"],
        env={"NODE_NAME": "Alder Labs", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "set SITE to the host name" in parsed.stderr


def test_the_image_runs_as_an_ordinary_user() -> None:
    users = re.findall(r"^USER (\S+)", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    assert users[-1:] == ["10001:10001"]


def test_the_image_is_made_from_the_lock_file() -> None:
    assert "--require-hashes" in (DOCKER / "Dockerfile").read_text()


def test_every_image_has_an_exact_version(compose: dict[str, Any]) -> None:
    foreign = [part["image"] for part in compose["services"].values() if "build" not in part]
    bases = re.findall(r"^FROM (\S+)", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    assert [image for image in foreign + bases if not re.search(r":\d+\.\d+\.?\d*", image)] == []


def test_no_container_can_write_to_its_image_or_gain_privileges(compose: dict[str, Any]) -> None:
    for name, part in compose["services"].items():
        assert part["read_only"] is True, name
        assert part["cap_drop"] == ["ALL"], name
        assert part["security_opt"] == ["no-new-privileges:true"], name


def test_only_the_proxy_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, part in services.items() if part.get("ports")] == ["proxy"]
    assert [name for name, part in services.items() if "outside" in part["networks"]] == ["proxy"]


def test_our_containers_need_no_capability(compose: dict[str, Any]) -> None:
    assert [name for name in OURS if compose["services"][name].get("cap_add")] == []


def test_no_secret_is_in_an_environment_variable(compose: dict[str, Any]) -> None:
    for part in compose["services"].values():
        for name, value in part.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|_URL", name) and name != "PUBLIC_URL":
                assert name.endswith("_FILE"), name
                assert value.removeprefix("/run/secrets/") in compose["secrets"], name


def test_the_settings_know_every_variable_that_compose_sets(compose: dict[str, Any]) -> None:
    assert settings.configured
    known = {name for variable in VARIABLES for name in variable.name.split(" or ")}
    known.add("PROMETHEUS_MULTIPROC_DIR")
    for name in OURS:
        assert compose["services"][name]["environment"].keys() - known == set(), name


def test_nothing_starts_before_the_tables_are_there(compose: dict[str, Any]) -> None:
    for name in ("web", "worker", "scheduler"):
        awaited = compose["services"][name]["depends_on"]["migrations"]["condition"]
        assert awaited == "service_completed_successfully"


def test_the_health_of_every_server_is_watched(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("database", "broker", "worker", "proxy"):
        assert services[name]["healthcheck"]["test"], name
    assert "HEALTHCHECK" in (DOCKER / "Dockerfile").read_text()


def test_the_secrets_script_makes_every_secret_that_compose_needs(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    script = tmp_path / "make-secrets"
    script.write_bytes((DOCKER / "make-secrets").read_bytes())
    script.chmod(0o755)
    subprocess.run([script], check=True, capture_output=True)
    first = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    subprocess.run([script], check=True, capture_output=True)
    assert first.keys() == compose["secrets"].keys()
    assert first == {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert first["database_password"] in first["database_url"]
