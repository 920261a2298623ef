"""Handing work to workers: by ids only, and never so that a broker that is down loses it."""

from collections.abc import Sequence

import structlog
from celery import current_app
from kombu.exceptions import OperationalError as BrokerDown

log = structlog.get_logger("retort.pipeline")


def hand_over(task: str, *arguments: object, countdown: float | None = None) -> None:
    """Send a task. If the broker is down it is sent again by whoever resumes: the tables know."""
    try:
        current_app.send_task(task, args=list(arguments), retry=False, countdown=countdown)
    except BrokerDown as error:
        log.warning("broker down; work waits", task=task, error=type(error).__name__)


def hand_over_all(task: str, ids: Sequence[object], *, at_once: int) -> None:
    """Send ids, some at a time."""
    for start in range(0, len(ids), at_once):
        hand_over(task, [str(each) for each in ids[start : start + at_once]])
