"""What an administrator can say of credentials, detectors and keys on the command line."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import call_command
from django.core.management.base import CommandError

from federation import node_keys
from federation.keys import SigningKey, thumbprint
from federation.models import NodeKey
from indicators.access import authenticate, fresh_key
from indicators.models import AuditEvent, Credential, Detector, Member, Scope
from indicators.store.custody import open_collection
from tests.objects import id_of

pytestmark = pytest.mark.django_db


def run(*words: str) -> Any:
    """A command's rows."""
    out = StringIO()
    call_command(*words, "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


@pytest.fixture
def alder() -> Member:
    return Member.objects.create(name="Alder", identity_id=id_of("identity", "Alder"))


@pytest.fixture
def hydra(alder: Member) -> Detector:
    return Detector.objects.create(name="hydra")


@pytest.fixture
def key_file(tmp_path: Path) -> Callable[[Any], Path]:
    def write(public_key: Any) -> Path:
        path = tmp_path / "key.pem"
        path.write_bytes(public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return path

    return write


def create(*more: str) -> dict[str, Any]:
    [row] = run("credential", "create", "Alder", "alder-bot", *more)
    return dict(row)


def test_a_credential_is_for_the_feed_unless_said_otherwise(alder: Member) -> None:
    assert create()["scopes"] == "feed"


def test_a_credential_has_the_scopes_that_were_named(alder: Member) -> None:
    key = create("--scope", "lookup", "--scope", "tokens")["key"]
    assert authenticate(f"Bearer {key}", scope=Scope.TOKENS).scopes == {"lookup", "tokens"}


def test_an_ingest_credential_speaks_for_its_detector(hydra: Detector) -> None:
    key = create("--scope", "ingest", "--detector", "hydra")["key"]
    assert authenticate(f"Bearer {key}", scope=Scope.INGEST).detector_id == hydra.pk


def test_a_key_that_both_ends_were_given_is_taken_from_its_file(
    alder: Member, tmp_path: Path
) -> None:
    key, file = fresh_key(), tmp_path / "key"
    file.write_text(f"{key}\n")
    assert "key" not in create("--key-file", str(file))
    assert authenticate(f"Bearer {key}").member == alder


def test_a_key_of_ones_own_making_is_refused(alder: Member, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("correct horse battery staple")
    with pytest.raises(CommandError, match="43 random letters"):
        create("--key-file", str(file))


@pytest.mark.parametrize("scope", ["ingest", "feedback"])
def test_nobody_ingests_for_no_detector(alder: Member, scope: str) -> None:
    with pytest.raises(CommandError, match="--detector"):
        create("--scope", scope)


def test_an_unknown_detector_is_named(alder: Member) -> None:
    with pytest.raises(CommandError, match="no detector 'nobody'"):
        create("--scope", "ingest", "--detector", "nobody")


def test_a_public_key_is_read_from_its_file(alder: Member, key_file: Callable[[Any], Path]) -> None:
    key = SigningKey.generate()
    path = key_file(key.private.public_key())
    assert create("--public-key", str(path), "--must-sign")["keyid"] == thumbprint(key.public_key)
    stored = Credential.objects.get()
    assert bytes(stored.public_key or b"") == key.public_key
    assert stored.must_sign


def test_another_kind_of_key_is_refused(alder: Member, key_file: Callable[[Any], Path]) -> None:
    path = key_file(generate_private_key(SECP256R1()).public_key())
    with pytest.raises(CommandError, match="not an Ed25519 key"):
        create("--public-key", str(path))


def test_a_file_that_is_no_key_is_refused(alder: Member, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not a public key in PEM"):
        create("--public-key", str(tmp_path))


def test_who_must_sign_needs_a_key(alder: Member) -> None:
    with pytest.raises(CommandError, match="public key"):
        create("--must-sign")


def test_credentials_are_listed_with_what_they_open(hydra: Detector) -> None:
    create("--scope", "ingest", "--detector", "hydra")
    [row] = run("credential", "list")
    assert (row["scopes"], row["detector"], row["signs"]) == ("ingest", "hydra", "no")


def test_a_new_detector_is_reviewed() -> None:
    [row] = run("detector", "add", "hydra")
    assert (row["policy"], row["tlp"], row["collection"]) == ("review", "TLP:GREEN", "")


def test_a_detector_is_registered_with_what_is_known_of_it() -> None:
    open_collection(title="Forum", alias="forum")
    [row] = run(
        *("detector", "add", "hydra", "--policy", "publish", "--collection", "forum"),
        *("--tlp", "amber+strict", "--version", "2.1", "--false-positive-rate", "0.01"),
    )
    assert (row["policy"], row["collection"], row["tlp"]) == (
        "publish",
        "forum",
        "TLP:AMBER+STRICT",
    )
    assert (row["version"], row["false_positive_rate"]) == ("2.1", 0.01)


def test_setting_changes_what_was_named_and_nothing_else(hydra: Detector) -> None:
    run("detector", "set", "hydra", "--version", "3")
    [row] = run("detector", "list")
    assert (row["version"], row["policy"]) == ("3", "review")


def test_a_detector_is_taken_off_its_collection() -> None:
    open_collection(title="Forum", alias="forum")
    run("detector", "add", "hydra", "--collection", "forum")
    assert run("detector", "set", "hydra", "--collection", "none")[0]["collection"] == ""


def test_a_demoted_detector_that_is_trusted_again_is_counted_anew(hydra: Detector) -> None:
    from django.utils.timezone import now

    Detector.objects.update(
        demoted_at=now(), demoted_because="6 of 20", reviewed_count=20, false_positive_count=6
    )
    [row] = run("detector", "set", "hydra", "--policy", "publish")
    assert (row["policy"], row["reviewed"], row["demoted"]) == ("publish", 0, "")


@pytest.mark.parametrize("rate", ["-0.1", "1.1", "nan"])
def test_a_rate_is_a_share(rate: str) -> None:
    with pytest.raises(CommandError, match="between 0 and 1"):
        run("detector", "add", "hydra", f"--false-positive-rate={rate}")


@pytest.mark.parametrize("name", ["Hydra", "", "-x", "a b"])
def test_a_detector_has_a_plain_name(name: str) -> None:
    with pytest.raises(CommandError):
        run("detector", "add", "--", name)


def test_setting_nothing_is_a_mistake(hydra: Detector) -> None:
    with pytest.raises(CommandError, match="Nothing to change"):
        run("detector", "set", "hydra")


def test_keys_are_listed_by_purpose_and_thumbprint() -> None:
    rows = run("key", "list")
    assert [row["purpose"] for row in rows] == ["log", "object", "request", "witness"]
    current = node_keys.current_key(NodeKey.Purpose.OBJECT).public_key
    assert rows[1]["kid"] == thumbprint(current)


@pytest.mark.parametrize("purpose", ["object", "request"])
def test_a_rotated_key_is_listed_as_retired(purpose: str) -> None:
    before = [row["kid"] for row in run("key", "list") if row["purpose"] == purpose]
    [new] = run("key", "rotate", purpose)
    retired = {row["kid"]: row["retired"] != "no" for row in run("key", "list")}
    assert retired[before[0]]
    assert not retired[new["kid"]]


def test_the_log_key_can_not_be_rotated() -> None:
    with pytest.raises(CommandError):
        run("key", "rotate", "log")


def test_no_private_key_is_ever_listed() -> None:
    listed = json.dumps(run("key", "list"))
    for row in NodeKey.objects.all():
        seed = node_keys.current_key(NodeKey.Purpose(row.purpose)).private.private_bytes_raw()
        assert seed.hex() not in listed


def test_what_opens_doors_and_decides_is_written_down(hydra: Detector) -> None:
    create("--scope", "ingest", "--detector", "hydra")
    run("credential", "revoke", "alder-bot")
    run("detector", "set", "hydra", "--policy", "publish")
    run("key", "rotate", "object")
    assert list(AuditEvent.objects.order_by("pk").values_list("act", "subject")) == [
        ("create credential", "alder-bot"),
        ("revoke credential", "alder-bot"),
        ("set detector", "hydra"),
        ("rotate", "object key"),
    ]


def test_the_audit_log_never_holds_a_key(alder: Member) -> None:
    key = create()["key"]
    assert key not in str(AuditEvent.objects.values())


def test_a_revoked_credential_is_not_revoked_again(alder: Member) -> None:
    create()
    run("credential", "revoke", "alder-bot")
    with pytest.raises(CommandError, match="no credential"):
        run("credential", "revoke", "alder-bot")
