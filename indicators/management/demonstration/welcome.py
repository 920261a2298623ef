"""What the demonstration says when it runs: what to open, what to watch, what to try."""

from collections.abc import Iterator
from pathlib import Path

from indicators.management.demonstration.cast import ALDER, BIRCH, CAST, Organization
from indicators.management.demonstration.stage import Stage, door

_ROLES = {"lab": "AI lab", "cloud": "cloud provider", "hub": "hub and key-holder"}


def lines(stage: Stage, seconds: float) -> Iterator[str]:
    yield f"Four organizations exchange (started in {seconds:.1f} s); Ctrl-C stops them all."
    yield ""
    for who in CAST:
        yield f"  {who.name}  {_ROLES[who.sector]:<18}  {stage.url(who)}/overview/"
    yield ""
    yield "Sign in anywhere as ana (analyst, administrator) or rae (analyst, reviewer),"
    yield f"password  {stage.password}"
    yield ""
    yield "Open, and reload: what others' indicators match, and who sees the same actor"
    yield f"  {stage.url(ALDER)}/matches/"
    yield f"  {stage.url(ALDER)}/campaigns/"
    yield "Watch, in another terminal"
    yield f"  {_shown(stage, BIRCH)} peer list"
    yield f"  {_shown(stage, BIRCH)} match list"
    yield "Try: confirm a match at Birch, and Alder is told"
    yield f"  {_shown(stage, BIRCH)} match confirm ID --as ana"
    yield f"  {_shown(stage, ALDER)} joint list"


def _shown(stage: Stage, who: Organization) -> str:
    program, here = door(stage, who), Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)
