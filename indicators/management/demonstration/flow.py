"""Campaigns that hit several organizations: each one's detector tells of its own side of them.

The story is the same at every start, and goes on where the start before left it.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import msgspec

from indicators.management.demonstration.cast import (
    ALDER,
    BIRCH,
    CEDAR,
    WITH_CUSTOMERS,
    Organization,
)
from indicators.management.demonstration.introductions import detector
from indicators.management.demonstration.stage import Stage
from indicators.management.simulation.campaigns import findings_of
from indicators.management.simulation.delivery import Delivery, DeliveryFailed, door_of
from indicators.management.simulation.plan import Plan
from indicators.management.simulation.shapes import SHAPES

ACCOUNTS = 40
SHARED = 0.3
REVISIONS = 4
CAMPAIGNS = 12
#: Between two findings, so that a person can follow.
PAUSE = 15.0

_HIT = (WITH_CUSTOMERS, (ALDER, BIRCH), (BIRCH, CEDAR), (ALDER, CEDAR))
_SHAPES = [name for name in SHAPES if name != "largest"]


@dataclass(frozen=True, slots=True)
class Scene:
    """One organization's detector tells of one campaign, for the first time or again."""

    campaign: int
    revision: int
    who: Organization

    @property
    def shape(self) -> str:
        return _SHAPES[self.campaign % len(_SHAPES)]

    @property
    def sentence(self) -> str:
        again = f", for the {self.revision}. time" if self.revision > 1 else ""
        return f"{self.who.name} detects campaign {self.campaign + 1} ({self.shape}){again}"


def story() -> Iterator[Scene]:
    """A new campaign in each round, while those before it go on."""
    for turn in range(CAMPAIGNS + REVISIONS - 1):
        for campaign in range(min(turn + 1, CAMPAIGNS)):
            if turn - campaign < REVISIONS:
                for who in _HIT[campaign % len(_HIT)]:
                    yield Scene(campaign, turn - campaign + 1, who)


def opening() -> list[Scene]:
    """The first campaign, as all whom it hits detect it."""
    return [scene for scene in story() if (scene.campaign, scene.revision) == (0, 1)]


def lines(stage: Stage, scene: Scene) -> list[bytes]:
    plan = Plan(
        seed=1000 + scene.campaign,
        accounts=ACCOUNTS,
        shape=scene.shape,
        start=stage.first_day,
        organization=scene.who.name,
        shared=SHARED,
    )
    return [msgspec.json.encode(each) + b"\n" for each in findings_of(plan, scene.revision)]


def tell(stage: Stage, scene: Scene) -> None:
    """Raises DeliveryFailed."""
    key = stage.key_file(detector(scene.who), scene.who).read_text().strip()
    with Delivery(door_of(stage.url(scene.who)), key) as delivery:
        for _ in delivery.send(lines(stage, scene)):
            pass


def tell_opening(stage: Stage) -> None:
    """All at once, as it happens to them. Raises DeliveryFailed."""
    scenes = opening()[_told(stage) :]
    if not scenes:
        return
    with ThreadPoolExecutor(len(scenes)) as pool:
        list(pool.map(lambda scene: tell(stage, scene), scenes))
    _note_told(stage, scenes[-1])


def tell_on(stage: Stage, pause: float) -> None:
    """What was not told by an earlier start. A node that is away is tried again, then left out."""
    for scene in islice(story(), _told(stage), None):
        try:
            tell(stage, scene)
            say(scene.sentence)
        except DeliveryFailed as failure:
            say(f"{scene.who.name}: {failure}")
        _note_told(stage, scene)
        time.sleep(pause)
    say("the story is told; the nodes go on")


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the supervisor reads it


def _told(stage: Stage) -> int:
    """How many scenes were told. Killed in between, a scene is told twice, and taken once."""
    file = stage.root / "told"
    return int(file.read_text()) if file.exists() else 0


def _note_told(stage: Stage, scene: Scene) -> None:
    (stage.root / "told").write_text(str([*story()].index(scene) + 1))
