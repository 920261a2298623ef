"""The demonstration's parts, without starting its nodes (tests/journeys/test_demo.py does)."""

import json
import stat
import subprocess
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from indicators.local.console import Console
from indicators.management.demonstration import flow
from indicators.management.demonstration.cast import ALDER, BIRCH, CAST, FORUM, WITH_CUSTOMERS
from indicators.management.demonstration.desk import Desk, NotDone
from indicators.management.demonstration.stage import OtherPorts, Stage, door, open_stage
from indicators.management.demonstration.welcome import lines as welcome


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return open_stage(tmp_path / "demo", 9100)


def test_every_organization_has_an_address_of_its_own(stage: Stage) -> None:
    assert [stage.url(who) for who in CAST] == [f"http://127.0.0.1:{9100 + n}" for n in range(4)]


def test_a_later_start_finds_the_stage_as_it_was(stage: Stage) -> None:
    stage.note_introduced()
    assert open_stage(stage.root, None) == stage


def test_nodes_that_know_each_other_cannot_move(stage: Stage) -> None:
    stage.note_introduced()
    with pytest.raises(OtherPorts, match="from 9100 on"):
        open_stage(stage.root, 9200)


def test_what_a_start_left_behind_that_was_broken_off_is_made_anew(stage: Stage) -> None:
    left = stage.data_dir(ALDER) / "postgres" / "half"
    left.mkdir(parents=True)
    assert open_stage(stage.root, 9200).url(ALDER) == "http://127.0.0.1:9200"
    assert not left.exists()


def test_both_ends_read_the_same_key(stage: Stage) -> None:
    file = stage.key_file("birch", FORUM)
    assert stage.environment(BIRCH)["KEYHOLDER_KEY_FILE"] == str(file)
    assert file.read_text() == stage.key_file("birch", FORUM).read_text()


def test_keys_are_readable_to_their_owner_only(stage: Stage) -> None:
    file = stage.key_file("birch", FORUM)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file, file.parent)] == [0o600, 0o700]


def test_a_node_is_told_nothing_that_the_demonstration_was_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/")
    monkeypatch.setenv("SECRET_KEY_FILE", "/elsewhere")
    monkeypatch.setenv("RETORT_ENV", "production")
    told = stage.environment(ALDER)
    assert not {"DATABASE_URL", "SECRET_KEY_FILE", "RETORT_ENV"} & told.keys()


def test_the_hub_is_its_own_key_holder(stage: Stage) -> None:
    assert "KEYHOLDER_URL" not in stage.environment(FORUM)


def test_a_door_runs_a_command_at_its_node(stage: Stage) -> None:
    asked = subprocess.run(
        [door(stage, BIRCH), "diffsettings", "--output", "unified"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "+ NODE_NAME = 'Birch'" in asked.stdout


def test_the_first_campaign_hits_everybody_who_has_customers() -> None:
    assert [scene.who for scene in flow.opening()] == list(WITH_CUSTOMERS)


def test_every_campaign_hits_several_and_is_seen_to_grow() -> None:
    scenes = list(flow.story())
    seen = Counter(scene.campaign for scene in scenes)
    assert len(seen) == flow.CAMPAIGNS
    assert min(seen.values()) == 2 * flow.REVISIONS
    assert len(set(scenes)) == len(scenes)


def test_a_detector_never_tells_a_later_revision_first() -> None:
    told: dict[tuple[int, str], int] = {}
    for scene in flow.story():
        place = (scene.campaign, scene.who.name)
        assert scene.revision == told.get(place, 0) + 1
        told[place] = scene.revision


def test_a_later_start_goes_on_with_the_story(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[flow.Scene] = []
    monkeypatch.setattr(flow, "tell", lambda _, scene: told.append(scene))
    flow.tell_opening(stage)
    flow.tell_opening(stage)
    assert told == flow.opening()
    flow.tell_on(stage, pause=0)
    assert told == list(flow.story())


def test_organizations_that_are_hit_alike_share_identifiers(stage: Stage) -> None:
    alder, birch, _ = (identifiers(stage, scene) for scene in flow.opening())
    assert 5 <= len(alder & birch) < len(alder) / 2


def identifiers(stage: Stage, scene: flow.Scene) -> set[tuple[str, str]]:
    [line] = flow.lines(stage, scene)
    accounts = json.loads(line)["accounts"]
    return {(each["kind"], each["value"]) for one in accounts for each in one["identifiers"]}


def test_the_welcome_names_every_address_and_the_password(stage: Stage) -> None:
    said = "\n".join(welcome(stage, 12.0))
    for who in CAST:
        assert stage.url(who) in said
    assert stage.password in said


@pytest.fixture
def desk(stage: Stage) -> Iterator[Desk]:
    with Desk("Alder", stage.environment(ALDER)) as found:
        yield found


def test_a_desk_answers_with_what_a_command_says(desk: Desk) -> None:
    assert "NODE_NAME = 'Alder'" in desk.say("diffsettings")


def test_a_refused_command_is_named_with_its_reason(desk: Desk) -> None:
    with pytest.raises(NotDone, match=r"Alder: `no-such-thing`: Unknown command"):
        desk.say("no-such-thing")


def test_a_desk_goes_on_after_a_refusal(desk: Desk) -> None:
    with pytest.raises(NotDone):
        desk.say("no-such-thing")
    assert desk.say("diffsettings")


def test_nobody_waits_at_a_closed_desk(stage: Stage) -> None:
    with Desk("Alder", stage.environment(ALDER)) as desk:
        desk.say("diffsettings")
    with pytest.raises(NotDone, match="was not answered"):
        desk.say("diffsettings")


def test_a_quiet_console_leaves_out_what_went_well() -> None:
    out = StringIO()
    console = Console(out, quiet=True)
    console.say("retort", "runs")
    console.say("retort", "the disk is full", alarm=True)
    console.say("web", "a line")
    assert [line.split("│ ")[1] for line in out.getvalue().splitlines()] == [
        "the disk is full",
        "a line",
    ]
