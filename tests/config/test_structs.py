"""Threads that meet a struct for the first time, all at once, find it known."""

import subprocess
import sys

RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
import msgspec
from indicators.config.structs import learn_all

class Leaf(msgspec.Struct):
    number: int

class Branch(msgspec.Struct):
    leaves: "list[Leaf]"
    named: "dict[str, Leaf]"

class Tree(msgspec.Struct):
    branches: "list[Branch]"
    first: "Branch | None" = None

{learn}
tree = {{"branches": [{{"leaves": [{{"number": 1}}], "named": {{"a": {{"number": 2}}}}}}]}}
start = threading.Barrier(8)

def meet():
    start.wait()
    msgspec.convert(tree, Tree)

threads = [threading.Thread(target=meet) for _ in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print("all met it")
"""


def test_a_learned_struct_is_met_by_many_threads_at_once() -> None:
    for _ in range(5):
        met = subprocess.run(
            [sys.executable, "-c", RACE.format(learn="learn_all()")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert met.stdout == "all met it\n", met.returncode


def test_the_web_process_has_loaded_its_views_before_the_first_request() -> None:
    asked = (
        "import indicators.config.wsgi, sys;"
        "print('indicators.ingest.views' in sys.modules, 'federation.peers.views' in sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "True True\n"


def test_a_worker_has_loaded_its_tasks_before_its_threads_begin() -> None:
    asked = (
        "import sys; from indicators.config.celery import app, _before_threads;"
        "import django; django.setup(); _before_threads();"
        "print('indicators.tasks' in sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "True\n"
