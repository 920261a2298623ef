"""A key-holder in a process of its own, for `test_memory`: answers questions, then dumps itself.

Lines on standard input: "keys", a question for `evaluate`, or "dump <file>"; a line out for each.
"""

import sys
from pathlib import Path

import django

django.setup()

from django.test import RequestFactory  # noqa: E402 - after the settings are read

from federation.pseudonyms import views  # noqa: E402

ASK = RequestFactory()


def dump(path: str) -> None:
    """All writable memory of this process."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    with Path("/proc/self/mem").open("rb", buffering=0) as memory, Path(path).open("wb") as out:
        for line in maps:
            span, permissions, *_ = line.split()
            if not permissions.startswith("rw") or "[v" in line:
                continue
            start, end = (int(each, 16) for each in span.split("-"))
            memory.seek(start)
            out.write(memory.read(end - start))


def answer(line: str) -> bytes:
    if line == "keys":
        response = views.keys(ASK.get("/keyholder/v1/keys"), member="alder")
    else:
        question = ASK.post("/keyholder/v1/evaluate", line, content_type="application/json")
        response = views.evaluate(question, member="alder")
    return bytes(response.content)  # type: ignore[attr-defined]


for line in map(str.strip, sys.stdin):
    if line.startswith("dump "):
        dump(line.removeprefix("dump "))
        print("dumped", flush=True)
    else:
        print(answer(line).decode(), flush=True)
