"""Four databases for the work of one: it is migrated, and the others begin as copies of it.

Nothing is in it yet that may not be twice: a node makes its keys when it starts.
"""

import subprocess
import sys

from indicators.local.errors import DidNotStart
from indicators.local.places import (
    CHECKOUT,
    make_data_dir,
    make_server_directory,
    server_directory,
)
from indicators.local.service import stop
from indicators.local.supervisor import Supervisor
from indicators.management.demonstration.cast import ALDER, BIRCH, CEDAR, FORUM
from indicators.management.demonstration.stage import Stage


def make_databases(supervisor: Supervisor, stage: Stage) -> None:
    """Raises DidNotStart, StopAsked."""
    migration = subprocess.Popen(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=CHECKOUT,
        env=stage.environment(ALDER),
        start_new_session=True,
    )
    try:
        supervisor.watch(until=lambda: migration.poll() is not None)
        supervisor.refuse_if_asked_to_stop()
    finally:
        stop(migration, ())
    if migration.returncode:
        raise DidNotStart(f"{ALDER.name}'s database could not be made; see above.")
    model = server_directory(stage.data_dir(ALDER), "postgres")
    for who in (BIRCH, CEDAR, FORUM):
        make_data_dir(stage.data_dir(who))
        place = make_server_directory(stage.data_dir(who), "postgres")
        subprocess.run(["cp", "-a", f"{model}/.", str(place)], check=True)
