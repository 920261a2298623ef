"""`audit` lists and exports what people did."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from indicators.detections.audit import record

pytestmark = pytest.mark.django_db


def test_the_newest_events_come_first() -> None:
    record("ana", "allow", "allowed/1")
    record("ben", "reveal", "detection/1")
    out = io.StringIO()
    call_command("audit", "list", "--limit", "1", "--json", stdout=out)
    assert [event["actor"] for event in json.loads(out.getvalue())] == ["ben"]


def test_events_are_exported_to_a_new_file(tmp_path: Path) -> None:
    record("ana", "allow", "allowed/1")
    call_command("audit", "export", str(tmp_path / "audit.ndjson"))
    [line] = (tmp_path / "audit.ndjson").read_text().splitlines()
    assert json.loads(line)["act"] == "allow"


def test_an_older_export_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "audit.ndjson").write_text("evidence")
    with pytest.raises(CommandError, match="name another file"):
        call_command("audit", "export", str(tmp_path / "audit.ndjson"))
    assert (tmp_path / "audit.ndjson").read_text() == "evidence"


def test_events_are_exported_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    record("ana", "allow", "allowed/1")
    call_command("audit", "export")
    assert json.loads(capsys.readouterr().out)["actor"] == "ana"


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="is not a time"):
        call_command("audit", "export", "--since", "yesterday")
