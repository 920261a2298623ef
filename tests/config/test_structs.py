"""Threads that meet a struct for the first time, all at once, find it known."""

import subprocess
import sys

RACE = """
import sys, threading, types
sys.setswitchinterval(1e-6)
import msgspec
from indicators.config.structs import learn_all

STRUCTS = '''
import msgspec
class Leaf(msgspec.Struct):
    number: "int"
    text: "str"
class Branch(msgspec.Struct):
    leaves: "list[Leaf]"
    named: "dict[str, Leaf]"
    last: "Leaf | None" = None
class Tree(msgspec.Struct):
    first: "Branch"
    others: "list[Branch]"
    leaf: "Leaf"
'''
leaf = {"number": 1, "text": "one"}
tree = {"first": {"leaves": [leaf], "named": {"a": leaf}}, "others": [], "leaf": leaf}

def forest(number):
    module = types.ModuleType(f"forest{number}")
    sys.modules[module.__name__] = module
    exec(compile(STRUCTS, module.__name__, "exec"), module.__dict__)
    return module.Tree

def meet(kind, start):
    start.wait()
    msgspec.convert(tree, kind)

kinds = [forest(number) for number in range(200)]
LEARN
for kind in kinds:
    start = threading.Barrier(6)
    threads = [threading.Thread(target=meet, args=(kind, start)) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
print("all met them")
"""


def race(learn: str) -> "subprocess.CompletedProcess[str]":
    program = RACE.replace("LEARN", learn)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_learned_structs_are_met_by_many_threads_at_once() -> None:
    met = race("learn_all()")
    assert (met.stdout, met.returncode) == ("all met them\n", 0)


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
