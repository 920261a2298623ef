"""The compose file of three nodes, as far as it can be judged without an engine."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class

from indicators.config.env import VARIABLES
from indicators.local.parts import COURIER_QUEUES, QUEUES
from indicators.local.places import CHECKOUT

DOCKER = CHECKOUT / "docker"
TOOLS = Path(sys.executable).parent
NODES = ("alder", "birch", "forum")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.three-nodes.yaml as the real Compose parser understands it."""
    parsed = subprocess.run(
        [TOOLS / "docker-compose", "-f", DOCKER / "compose.three-nodes.yaml", "config", "--format",
         "json"],
        env={"HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert parsed.returncode == 0, parsed.stderr
    return dict(json.loads(parsed.stdout))


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script makes for three nodes."""
    place = tmp_path_factory.mktemp("docker")
    script = place / "make-secrets"
    script.write_bytes((DOCKER / "make-secrets").read_bytes())
    script.chmod(0o755)
    subprocess.run([script, *NODES], check=True, capture_output=True)
    return place / "secrets"


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: part for name, part in compose["services"].items() if "build" in part}


def test_every_node_has_a_database_and_a_broker_of_its_own(compose: dict[str, Any]) -> None:
    for name in NODES:
        for server in ("database", "broker"):
            [volume] = compose["services"][f"{name}-{server}"]["volumes"]
            assert volume["source"] == f"{name}-{server}"


def test_no_two_nodes_share_a_secret(compose: dict[str, Any]) -> None:
    files: dict[str, set[str]] = {}
    for name, part in compose["services"].items():
        for secret in part.get("secrets", []):
            # API keys are for two: who shows it, and who knows it by its digest.
            if "_at_" not in secret["source"]:
                files.setdefault(secret["source"], set()).add(name.split("-")[0])
    assert {source: nodes for source, nodes in files.items() if len(nodes) > 1} == {}


def test_the_secrets_script_makes_every_secret_of_three_nodes(
    compose: dict[str, Any], secrets: Path
) -> None:
    made = {f"{file.parent.name}/{file.name}" for file in secrets.glob("*/*")}
    wanted = {"/".join(Path(each["file"]).parts[-2:]) for each in compose["secrets"].values()}
    assert made == wanted


def test_api_keys_look_as_the_doors_want_them(secrets: Path) -> None:
    keys = [file.read_text() for file in secrets.glob("*/key_at_*")]
    assert len(set(keys)) == 6
    for key in keys:
        assert re.fullmatch(r"retort_[A-Za-z0-9_-]{43}\n", key)


def test_servers_are_addressed_by_their_names(compose: dict[str, Any], secrets: Path) -> None:
    for name in NODES:
        for server in ("database", "broker"):
            url = (secrets / name / f"{server}_url").read_text()
            assert f"@{name}-{server}:" in url
            assert f"{name}-{server}" in compose["services"]


def test_the_settings_know_every_variable(compose: dict[str, Any]) -> None:
    known = {name for variable in VARIABLES for name in variable.name.split(" or ")}
    known.add("PROMETHEUS_MULTIPROC_DIR")
    for name, part in ours(compose).items():
        assert part["environment"].keys() - known == set(), name


def test_every_queue_has_somebody_who_takes_from_it(compose: dict[str, Any]) -> None:
    for name in NODES:
        for part, queues in (("worker", QUEUES), ("courier", COURIER_QUEUES)):
            assert f"--queues={queues}" in compose["services"][f"{name}-{part}"]["command"]


def test_nothing_but_three_doors_is_reachable_and_from_this_machine_only(
    compose: dict[str, Any],
) -> None:
    published = {
        name: [port["host_ip"] for port in part["ports"]]
        for name, part in compose["services"].items()
        if part.get("ports")
    }
    assert published == {name: ["127.0.0.1"] for name in NODES}


def test_no_container_can_write_to_its_image_or_gain_privileges(compose: dict[str, Any]) -> None:
    for name, part in compose["services"].items():
        assert part["read_only"] is True, name
        assert part["cap_drop"] == ["ALL"], name
        assert part["security_opt"] == ["no-new-privileges:true"], name


def test_the_hub_holds_the_token_keys_of_the_labs(compose: dict[str, Any]) -> None:
    told = {name: compose["services"][name]["environment"] for name in NODES}
    assert [told[name].get("KEYHOLDER_URL") for name in NODES] == ["http://forum:8000"] * 2 + [None]


# Called as: compose -f FILE exec -T NODE python manage.py COMMAND…
FAKE_DOCKER = """#!/bin/sh
shift 4; node=$2; shift 4
{ printf '%s\\037' "$node" "$@"; echo; } >> "$ANSWERS/calls"
case "$*" in
    "key fingerprint"*) sed "s/NODE/$node/" "$ANSWERS/fingerprint" ;;
    "key list"*) cat "$ANSWERS/keys" ;;
esac
"""
REQUEST_KEY = f"{7:064d}"
ANSWERS = {
    "fingerprint": [{"organization": "it", "fingerprint": "of NODE"}],
    "keys": [
        {"purpose": "object", "kid": "a", "public_key": "wrong", "created": "then"},
        {"purpose": "request", "kid": "b", "public_key": REQUEST_KEY, "created": "then"},
    ],
}


@pytest.fixture(scope="module")
def introductions(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What docker/introduce has run, each as [node, command, …]."""
    place = tmp_path_factory.mktemp("bin")
    (place / "docker").write_text(FAKE_DOCKER)
    (place / "docker").chmod(0o755)
    for name, answer in ANSWERS.items():
        (place / name).write_text(json.dumps(answer, indent=2))
    environment = {"PATH": f"{place}:{os.environ['PATH']}", "ANSWERS": str(place)}
    subprocess.run([DOCKER / "introduce"], env=environment, check=True, capture_output=True)
    return [line.split("\x1f")[:-1] for line in (place / "calls").read_text().splitlines()]


def test_the_introductions_are_commands_that_exist(introductions: list[list[str]]) -> None:
    for _, name, *words in introductions:
        load_command_class("indicators", name).create_parser("manage.py", name).parse_args(words)
    assert len(introductions) > 40


def test_every_node_confirms_what_the_others_read_out(introductions: list[list[str]]) -> None:
    confirmed = {(node, *words[1:]) for node, _, *words in introductions if words[0] == "confirm"}
    assert confirmed == {
        (node, other.capitalize(), f"of {other}")
        for node in NODES
        for other in NODES
        if node != other
    }


def test_the_request_key_is_what_signs_at_the_hub(introductions: list[list[str]]) -> None:
    made = [each[2:] for each in introductions if each[:2] == ["forum", "credential"]]
    assert [words[words.index("--public-key") + 1] for words in made] == [REQUEST_KEY] * 2
