"""Where each organization's node is, what it is told, and the keys that they gave each other."""

import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from indicators.access import fresh_key
from indicators.local.errors import LocalError
from indicators.local.places import CHECKOUT, make_data_dir, run_directory
from indicators.management.demonstration.cast import CAST, FORUM, Organization

# The last that is told of one is its tenth day: nothing of it is yet to come.
_CAMPAIGNS_BEGAN = timedelta(days=12)


class OtherPorts(LocalError):
    """The nodes have names that hold their ports; they can't move."""


@dataclass(frozen=True, slots=True)
class Stage:
    """`root` holds everything; `base_urls` are by an organization's name."""

    root: Path
    base_urls: Mapping[str, str]
    first_day: datetime
    password: str

    def url(self, who: Organization) -> str:
        return self.base_urls[who.name]

    def data_dir(self, who: Organization) -> Path:
        return self.root / who.slug

    def key_file(self, whose: str, where: Organization) -> Path:
        """The API key of somebody at a node: both ends read it here, so nobody has to type it."""
        file = self.root / "keys" / f"{whose}-at-{where.slug}"
        if not file.exists():
            file.parent.mkdir(mode=0o700, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(f"{fresh_key()}\n")
        return file

    def environment(self, who: Organization) -> dict[str, str]:
        """What a node is told. Nothing that this process was told of itself is passed on."""
        ours = {name for each in settings.VARIABLES for name in each.name.split(" or ")}
        found = {name: value for name, value in os.environ.items() if name not in ours - _PASSED_ON}
        return found | self.told(who)

    def told(self, who: Organization) -> dict[str, str]:
        told = {
            "RETORT_DATA": str(self.data_dir(who)),
            "NODE_NAME": who.name,
            "PUBLIC_URL": self.url(who),
            # Whoever looks at a demonstration should not have to fetch a telephone.
            "MFA": "optional",
        }
        if who.is_hub:
            return told
        return told | {
            "KEYHOLDER_URL": self.url(FORUM),
            "KEYHOLDER_USER": f"{who.slug}-node",
            "KEYHOLDER_KEY_FILE": str(self.key_file(who.slug, FORUM)),
        }

    @property
    def is_introduced(self) -> bool:
        """Whether all know each other: the first start was carried through."""
        return (self.root / "introduced").exists()

    def note_introduced(self) -> None:
        (self.root / "introduced").touch()


_PASSED_ON = {"LOG_LEVEL", "LOG_FORMAT"}


def open_stage(root: Path, port: int | None) -> Stage:
    """The stage of an earlier start, or a new one on four ports from `port` on.

    What a start left behind that was stopped before all knew each other is of no use to anybody:
    it is removed. Raises OtherPorts.
    """
    make_data_dir(root)
    file = root / "stage.json"
    if not (root / "introduced").exists():
        _clear(root)
        _write(file, _new(8000 if port is None else port))
    known = json.loads(file.read_text())
    if port not in (None, known["port"]):
        raise OtherPorts(
            f"The nodes in {root} are at the ports from {known['port']} on, and peers know them by"
            " these; leave --port out, or choose another directory with --data DIR."
        )
    stage = Stage(
        root=root,
        base_urls={
            who.name: f"http://127.0.0.1:{known['port'] + place}" for place, who in enumerate(CAST)
        },
        first_day=datetime.fromisoformat(known["first_day"]),
        password=known["password"],
    )
    for who in CAST:
        _write_door(stage, who)
    return stage


def _new(port: int) -> dict[str, Any]:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "port": port,
        "first_day": (today - _CAMPAIGNS_BEGAN).isoformat(),
        "password": secrets.token_urlsafe(12),
    }


def _write(file: Path, content: dict[str, Any]) -> None:
    file.touch(mode=0o600)
    file.write_text(json.dumps(content))


def _clear(root: Path) -> None:
    for who in CAST:
        data_dir = root / who.slug
        for pointer in data_dir.glob("*.location"):
            shutil.rmtree(Path(pointer.read_text().strip()).parent, ignore_errors=True)
        for place in (run_directory(data_dir), data_dir):
            shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(root / "keys", ignore_errors=True)
    (root / "told").unlink(missing_ok=True)


def door(stage: Stage, who: Organization) -> Path:
    """A program that runs a command at a node: `at-birch match list`."""
    return stage.root / f"at-{who.slug}"


def _write_door(stage: Stage, who: Organization) -> None:
    program = door(stage, who)
    program.write_text("\n".join(_door_lines(stage, who)) + "\n")
    program.chmod(0o700)


def _door_lines(stage: Stage, who: Organization) -> Iterator[str]:
    yield "#!/bin/sh"
    yield f"# manage.py at {who.name}'s node, with what that node is told."
    for name, value in stage.told(who).items():
        yield f"export {name}={_quoted(value)}"
    yield f'exec {_quoted(sys.executable)} {_quoted(str(CHECKOUT / "manage.py"))} "$@"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
