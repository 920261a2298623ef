"""`python -m indicators.management.demonstration ROOT`: the story, told until it ends.

A program beside the nodes, as detectors are.
"""

import signal
import sys
from pathlib import Path

import django


def main(root: Path) -> None:
    django.setup()
    from indicators.management.demonstration import flow
    from indicators.management.demonstration.stage import open_stage

    flow.tell_on(open_stage(root, None), flow.PAUSE)
    while True:
        signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
