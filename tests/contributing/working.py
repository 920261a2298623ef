"""The workers of a node, run one after another."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from indicators import pipeline, tasks

_TASKS = {
    pipeline.CHECK_SUBMISSION: tasks.check_submission,
    pipeline.PSEUDONYMIZE: tasks.pseudonymize,
    pipeline.DRAFT: tasks.draft,
    pipeline.PUBLISH: tasks.publish,
}


def work() -> None:
    """Run what the tables say is due, until nothing is."""
    sent: list[tuple[str, list[Any]]] = []

    def send(task: str, args: list[Any], **_: Any) -> None:
        sent.append((task, args))

    with (
        mock.patch("celery.current_app.send_task", send),
        mock.patch.object(tasks, "UNFORESEEN_RETRIES", 0),
    ):
        later = datetime.now(UTC) + timedelta(hours=1)
        while pipeline.resume_submissions(later) + pipeline.resume(later):
            while sent:
                task, args = sent.pop(0)
                if task in _TASKS:  # what others are told of it is not looked at here
                    _TASKS[task].run(*args)
