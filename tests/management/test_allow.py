"""`allow` reads identifiers where nobody else can, and shows none."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from indicators.models import Allowed, AuditEvent

pytestmark = pytest.mark.django_db


def run(monkeypatch: pytest.MonkeyPatch, *words: str, told: str = "") -> list[dict[str, Any]]:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(told))
    call_command("allow", *words, "--json", stdout=out, stderr=io.StringIO())
    shown: list[dict[str, Any]] = json.loads(out.getvalue())
    return shown


def add(monkeypatch: pytest.MonkeyPatch, *values: str) -> list[dict[str, Any]]:
    words = ("add", "email", "--reason", "A vendor")
    return run(monkeypatch, *words, told="\n".join(values) + "\n")


def test_each_line_is_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(add(monkeypatch, "ana@example.org", "", "ben@example.org")) == 2
    assert Allowed.objects.count() == 2


def test_a_bad_line_is_named_and_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match=r"^Line 2: .* Nothing was added\.$") as refused:
        add(monkeypatch, "ana@example.org", "secret-nobody")
    assert "secret-nobody" not in str(refused.value)
    assert not Allowed.objects.exists()


def test_a_list_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "ana@example.org")
    [shown] = run(monkeypatch, "list")
    assert shown["reason"] == "A vendor"
    assert "example.org" not in json.dumps(shown)


def test_an_entry_is_removed_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    [shown] = add(monkeypatch, "ana@example.org")
    run(monkeypatch, "remove", shown["id"])
    assert not Allowed.objects.exists()
    assert AuditEvent.objects.filter(act="disallow").exists()


def test_an_unknown_entry_is_named_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="has no entry"):
        run(monkeypatch, "remove", "00000000-0000-4000-8000-000000000000")


def test_the_list_is_applied_to_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "apply") == [{"applied": True}]
