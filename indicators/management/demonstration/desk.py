"""An administrator's desk at a node: one command after another, in one process.

    with Desk("Birch", environment) as desk:
        rows = desk.rows("member", "list")

Starting Django takes longer than most commands do; a desk starts it once.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from indicators.local.errors import LocalError
from indicators.local.places import CHECKOUT

#: The variable that holds the password of people who are added.
PASSWORD = "PERSON_PASSWORD"  # noqa: S105 - the name, not the word


class NotDone(LocalError):
    """A command was refused; the message names the node, the command and the reason."""


class Desk:
    """Closing it ends the process, whatever that is doing.

    `password` is what people get whom `person add --password-from PASSWORD` makes here.
    """

    def __init__(self, name: str, environment: Mapping[str, str], password: str = "") -> None:
        self._name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=CHECKOUT,
            env={**environment, PASSWORD: password},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C reaches only the supervisor
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """What the command answers with `--json`; raises NotDone."""
        return list(json.loads(self.say(*words, "--json")))

    def say(self, *words: str) -> str:
        """What the command prints; raises NotDone."""
        if self._process.stdin is None or self._process.stdout is None:
            raise NotDone(f"{self._name}: nobody is at the desk.")
        try:
            self._process.stdin.write(json.dumps(words) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise NotDone(f"{self._name}: `{' '.join(words)}` was not answered.") from error
        if "refused" in answer:
            raise NotDone(f"{self._name}: `{' '.join(words)}`: {answer['refused']}")
        return str(answer["said"])


def _answer(words: Sequence[str]) -> dict[str, str]:
    from django.core.management import CommandError, call_command

    said = io.StringIO()
    try:
        call_command(*words, stdout=said, stderr=io.StringIO())
    except (CommandError, SystemExit) as refusal:
        return {"refused": str(refusal)}
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    return {"said": said.getvalue()}


def main() -> None:
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["DJANGO_SETTINGS_MODULE"] = "indicators.config.settings"
    os.environ.setdefault("LOG_LEVEL", "warning")
    import django

    django.setup()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
