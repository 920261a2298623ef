"""`token` shows keys and quotas, and begins epochs on purpose."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from federation.pseudonyms import epochs, quota
from federation.pseudonyms.normalize import KINDS
from indicators.models import AuditEvent
from indicators.store.custody import ensure_own_member

pytestmark = pytest.mark.django_db


def run(*words: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("token", *words, "--json", stdout=out)
    shown: list[dict[str, Any]] = json.loads(out.getvalue())
    return shown


def test_keys_are_listed_with_their_state() -> None:
    epochs.rotate_epochs(datetime.now(UTC))
    shown = run("keys")
    assert [each["kind"] for each in shown] == list(KINDS)
    assert {each["state"] for each in shown} == {"in use"}


def test_the_id_of_a_key_is_the_one_in_its_tokens() -> None:
    epochs.rotate_epochs(datetime.now(UTC))
    assert all(len(each["key"]) == 8 for each in run("keys"))


def test_a_new_epoch_puts_the_old_key_into_the_overlap() -> None:
    epochs.rotate_epochs(datetime.now(UTC))
    run("rotate-epoch", "email")
    states = {(each["kind"], each["epoch"]): each["state"] for each in run("keys")}
    assert states["email", 1] == "overlap"
    assert states["email", 2] == states["phone", 1] == "in use"


def test_without_a_kind_every_kind_begins_an_epoch() -> None:
    assert len(run("rotate-epoch")) == len(KINDS)


def test_beginning_an_epoch_is_in_the_audit_log() -> None:
    run("rotate-epoch", "email")
    assert AuditEvent.objects.get().act == "token-epoch-begun"


def test_there_is_no_epoch_of_an_unknown_kind() -> None:
    with pytest.raises(CommandError, match="kinds are: email"):
        run("rotate-epoch", "shoe-size")


def test_the_keys_of_another_node_are_not_rotated_here(settings: LazySettings) -> None:
    settings.KEYHOLDER_URL = "https://cedar.example"
    with pytest.raises(CommandError, match="begin an epoch there"):
        run("rotate-epoch")


def test_of_another_nodes_keys_the_pinned_ones_are_listed(settings: LazySettings) -> None:
    settings.KEYHOLDER_URL = "https://cedar.example"
    assert run("keys") == []


def test_quotas_show_what_was_used() -> None:
    member = ensure_own_member()
    quota.charge(str(member.pk), "email", 1, 7, datetime.now(UTC))
    shown = run("quota")
    assert [(each["member"], each["used"], each["of"]) for each in shown] == [
        (member.name, 7, 100_000)
    ]
