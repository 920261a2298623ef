"""`manage.py up`: what a person finds after starting, stopping and losing a node."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from indicators.local import database_url
from indicators.local.places import CHECKOUT, run_directory, server_directory
from tests.database import place_for_data, remove_data
from tests.journeys.node import ROLES, Node, end, running_node, start_node

pytestmark = pytest.mark.journey
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers change their user")


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with place_for_data("retort-up-") as place:
        yield place


@pytest.fixture(scope="module")
def alder(data_dir: Path) -> Iterator[Node]:
    """A node after its first start, shared by the tests that only look at it."""
    with running_node(data_dir) as node:
        node.await_parts(*ROLES)
        yield node


def remember(data_dir: Path, text: str) -> None:
    with psycopg.connect(database_url(data_dir), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS memory (text text)")
        connection.execute("INSERT INTO memory VALUES (%s)", [text])


def remembered(data_dir: Path) -> list[str]:
    with psycopg.connect(database_url(data_dir)) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM memory ORDER BY text")]


def test_the_first_start_prints_the_address_and_a_password(alder: Node) -> None:
    printed = alder.printed()
    assert alder.base_url in printed
    assert "password" in printed


def test_the_printed_password_opens_the_administrators_account(alder: Node) -> None:
    password = alder.printed().split("password")[1].split()[0]
    script = (
        "from django.contrib.auth.models import User;"
        f"print(User.objects.get(username='admin').check_password('{password}'))"
    )
    assert alder.run("shell", "--no-imports", "-c", script).stdout.strip() == "True"


def test_the_printed_password_is_for_once(alder: Node) -> None:
    script = (
        "from indicators.models import Person;"
        "print(Person.objects.get(user__username='admin').must_change_password)"
    )
    assert alder.run("shell", "--no-imports", "-c", script).stdout.strip() == "True"


def test_secrets_are_readable_to_their_owner_only(alder: Node) -> None:
    for name in ("secret_key", "key_encryption_key"):
        assert stat.S_IMODE((alder.data_dir / name).stat().st_mode) == 0o600


def test_the_sockets_are_closed_to_other_users(alder: Node) -> None:
    assert stat.S_IMODE(run_directory(alder.data_dir).stat().st_mode) == 0o700


def test_no_server_listens_on_the_network_but_the_web_server(alder: Node) -> None:
    listening = {
        connection.laddr.port
        for member in alder.family()
        for connection in member.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {alder.port}


def test_what_was_committed_survives_a_crash_by_configuration(alder: Node) -> None:
    with psycopg.connect(database_url(alder.data_dir)) as connection:
        asked = "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
        assert connection.execute(asked).fetchone() == ("on", "on")


def test_the_node_is_no_superuser_of_its_database(alder: Node) -> None:
    with psycopg.connect(database_url(alder.data_dir)) as connection:
        asked = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(asked).fetchone() == (False,)


@as_root
def test_another_user_cannot_enter_the_database_even_as_the_servers_account(alder: Node) -> None:
    program = next(parent.cmdline()[0] for parent in alder.family() if parent.name() == "postgres")
    psql = Path(program).with_name("psql")
    answer = subprocess.run(
        [psql, "-h", run_directory(alder.data_dir), "-U", "retort", "retort", "-c", "SELECT 1"],
        user=psutil.Process(alder.pids()["database"]).uids().real,
        group=65534,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "authentication failed" in answer.stderr


def test_a_command_uses_the_running_nodes_database(alder: Node) -> None:
    assert alder.run("showmigrations", "--plan").stdout.startswith("[X]")


def test_the_doctor_finds_a_running_node_well(alder: Node) -> None:
    findings = json.loads(alder.run("doctor", "--json").stdout)
    assert [finding for finding in findings if not finding["ok"]] == []


def test_a_second_node_on_the_same_data_is_refused(alder: Node) -> None:
    second = start_node(alder.data_dir)
    assert second.process.wait(30) == 3
    assert f"A node already runs on {alder.data_dir}" in second.printed()
    end(second)


def test_a_taken_port_is_named(alder: Node) -> None:
    with place_for_data("retort-port-") as elsewhere:
        second = start_node(elsewhere, port=alder.port)
        assert second.process.wait(30) == 4
        assert f"127.0.0.1:{alder.port} (Address already in use)" in second.printed()
        end(second)


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_part_is_started_again(alder: Node, role: str) -> None:
    before = alder.await_parts(*ROLES)[role]
    alder.kill(role)
    deadline = time.monotonic() + 20
    while alder.pids().get(role, before) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    alder.await_served()
    assert alder.await_parts(*ROLES)[role] != before


def test_a_killed_web_process_leaves_no_worker_behind(alder: Node) -> None:
    web = alder.await_parts(*ROLES)["web"]
    below = psutil.Process(web).children()
    os.kill(web, signal.SIGKILL)
    assert psutil.wait_procs(below, timeout=5)[1] == []
    alder.await_served()


# One data directory's life, in the order in which these things happen to it.
@pytest.fixture(scope="module")
def life() -> Iterator[Path]:
    with place_for_data("retort-life-") as place:
        yield place


def test_a_command_before_the_first_start_says_what_to_do(life: Path) -> None:
    answer = command(life, "showmigrations")
    assert answer.returncode == 1
    assert "run `python manage.py up` first" in answer.stderr


def test_a_clean_stop_leaves_no_process(life: Path) -> None:
    node = start_node(life)
    node.await_parts(*ROLES)
    node.await_served()
    remember(life, "first")
    family = node.family()
    assert node.stop() == 0
    assert [member for member in family if member.is_running()] == []
    end(node)


def test_a_command_finds_the_data_of_a_stopped_node(life: Path) -> None:
    assert command(life, "showmigrations", "--plan").stdout.startswith("[X]")


def test_data_and_keys_are_intact_after_a_restart(life: Path) -> None:
    keys = (life / "key_encryption_key").read_text()
    with running_node(life) as node:
        assert remembered(life) == ["first"]
        assert "first start" not in node.printed()
    assert (life / "key_encryption_key").read_text() == keys


def test_a_start_after_kill_9_of_everything_finds_what_was_committed(life: Path) -> None:
    node = start_node(life)
    node.await_served()
    remember(life, "second")
    node.kill_everything()
    end(node)
    with running_node(life):
        assert remembered(life) == ["first", "second"]


def test_a_start_waits_for_a_database_that_is_still_stopping(life: Path) -> None:
    node = start_node(life)
    node.await_served()
    # Only the supervisor: what it started is still running when the next one starts.
    node.process.kill()
    node.process.wait()
    end(node)
    with running_node(life):
        assert remembered(life) == ["first", "second"]


def test_a_killed_supervisor_takes_all_its_processes_with_it(life: Path) -> None:
    node = start_node(life)
    node.await_served()
    below = node.family()[1:]
    node.process.kill()
    node.process.wait()
    assert psutil.wait_procs(below, timeout=20)[1] == []
    end(node)


def test_a_start_is_not_misled_by_a_number_given_to_another_process(life: Path) -> None:
    cluster = server_directory(life, "postgres") / "cluster"
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n")
    with running_node(life):
        assert remembered(life) == ["first", "second"]


def command(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A management command on a node that does not run."""
    environment = os.environ | {"RETORT_DATA": str(data_dir)}
    environment.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def copied_checkout(target: Path) -> Path:
    """The program's files at another place."""
    for name in ("indicators", "federation"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / name, target / name, ignore=ignored)
    shutil.copy(CHECKOUT / "manage.py", target)
    return target


@as_root
def test_root_can_start_a_node_where_nobody_can_go() -> None:
    closed = Path(tempfile.mkdtemp(prefix="retort-closed-"))  # 0700, as mkdtemp makes it
    data_dir = closed / ".retort"
    try:
        with running_node(data_dir, checkout=copied_checkout(closed)):
            remember(data_dir, "kept")
        assert server_directory(data_dir, "postgres").is_relative_to("/var/lib/retort")
        with running_node(data_dir, checkout=closed):
            assert remembered(data_dir) == ["kept"]
    finally:
        remove_data(data_dir)
        shutil.rmtree(closed)


@as_root
def test_root_can_start_servers_whose_programs_nobody_can_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from indicators.local.places import server_account
    from indicators.local.programs import postgres_programs

    account = server_account()
    assert account is not None
    with tempfile.TemporaryDirectory(prefix="retort-wheels-") as closed:
        package = postgres_programs(account).parents[1]
        shutil.copytree(package, Path(closed) / package.name)
        libraries = f"{package.name}.libs"
        shutil.copytree(package.with_name(libraries), Path(closed) / libraries)
        (Path(closed) / package.name / "__init__.py").touch()
        monkeypatch.syspath_prepend(closed)
        programs = postgres_programs(account)
        assert programs.is_relative_to("/var/lib/retort/programs")
        answer = subprocess.run(
            [programs / "initdb", "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=True,
        )
        shutil.rmtree(programs.parents[2])
    assert "18." in answer.stdout


@as_root
def test_an_ordinary_user_can_start_a_node() -> None:
    nobody = 65534
    python = python_for(nobody)
    if python is None:
        pytest.skip("no Python with our packages is within reach of an ordinary user")
    home = Path(tempfile.mkdtemp(prefix="retort-ordinary-"))
    home.chmod(0o755)
    data_dir = home / "data"
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, nobody, nobody)
    packages = str(Path(psycopg.__file__).parents[1])
    variables = {"PYTHONPATH": packages, "HOME": str(home)}
    try:
        with running_node(
            data_dir,
            checkout=copied_checkout(home),
            python=python,
            user=nobody,
            environment=variables,
        ) as node:
            users = {member.uids().real for member in node.family()}
        assert users == {nobody}
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(home)


def python_for(uid: int) -> str | None:
    """An interpreter of our version that this user can run, and that can import our packages."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = str(Path(psycopg.__file__).parents[1])
    for candidate in (
        sys.executable,
        f"/usr/bin/python{version}",
        f"/usr/local/bin/python{version}",
    ):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                [candidate, "-c", "import django, psycopg, granian, ctypes"],
                env={"PYTHONPATH": packages},
                user=uid,
                group=uid,
                extra_groups=[],
                cwd="/",
                check=True,
                capture_output=True,
            )
            return candidate
    return None
