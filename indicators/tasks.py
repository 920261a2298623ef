"""Celery tasks: fetch by id, call one function of the pipeline.

A stage that fails for a reason that passes is tried again, with growing pauses. One that fails for
a reason that nobody foresaw is tried again twice, then by halves, until the one that can't go on is
found: it waits with its reason, the others go on.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import Task, current_app, shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError

from federation.errors import (
    FederationError,
    KeyHolderLied,
    KeyHolderUnavailable,
    QuotaExceeded,
    UnknownTokenKey,
)
from indicators import pipeline
from indicators.detections.errors import DetectionError
from indicators.models import Status
from indicators.people import sessions
from indicators.pipeline import errands
from indicators.telemetry import places

log = structlog.get_logger("retort.tasks")

_WAITS = timedelta(seconds=60)
# Shorter than the broker's visibility timeout, or a task that is put off comes twice.
_LONGEST_PAUSE = 40
_PASSING = (OperationalError, InterfaceError)
UNFORESEEN_RETRIES = 2
_KEY_HOLDER = (KeyHolderUnavailable, KeyHolderLied, QuotaExceeded, UnknownTokenKey)


@shared_task(
    name=pipeline.FINISH_POST,
    autoretry_for=_PASSING,
    retry_backoff=True,
    retry_backoff_max=_LONGEST_PAUSE,
    max_retries=None,
)
def finish_post(status_id: str) -> None:
    pipeline.finish_post(UUID(status_id))


@shared_task(bind=True, name=pipeline.PSEUDONYMIZE, max_retries=None)
def pseudonymize(
    self: Task, detections: list[int], first: int = 0, last: int | None = None
) -> None:
    try:
        pipeline.pseudonymize(detections, first, last)
    except _KEY_HOLDER as refusal:
        log.warning("the key-holder gives no tokens", reason=str(refusal), count=len(detections))
        pipeline.note_delay(detections, str(refusal))
        raise _again(self) from None
    except Exception as error:
        _on_failure(self, error, detections, pipeline.stop_detection)


@shared_task(bind=True, name=pipeline.DRAFT, max_retries=None)
def draft(self: Task, clusters: list[int | str]) -> None:
    ids = [int(each) for each in clusters]
    try:
        pipeline.draft(ids)
    except Exception as error:
        _on_failure(self, error, ids, pipeline.stop_cluster)


@shared_task(bind=True, name=pipeline.PUBLISH, max_retries=None)
def publish(self: Task, drafts: list[str]) -> None:
    try:
        pipeline.publish([UUID(each) for each in drafts])
    except Exception as error:
        _on_failure(self, error, drafts, lambda each, why: pipeline.stop_draft(UUID(each), why))


@shared_task(bind=True, name=pipeline.CHECK_SUBMISSION, max_retries=None)
def check_submission(self: Task, submission: str) -> None:
    try:
        pipeline.check_submission(UUID(submission))
    except Exception as error:
        _on_failure(
            self, error, [submission], lambda each, why: pipeline.stop_submission(UUID(each), why)
        )


@shared_task(name=pipeline.PULL, autoretry_for=_PASSING, retry_backoff=True)
def pull(subscription: str) -> None:
    pipeline.pull(UUID(subscription))


@shared_task(name=pipeline.PUSH, autoretry_for=_PASSING, retry_backoff=True)
def push(push_id: str) -> None:
    pipeline.push_collection(UUID(push_id))


@shared_task(name=pipeline.WAKE, autoretry_for=_PASSING, retry_backoff=True)
def wake(collection: str) -> None:
    pipeline.wake_readers(UUID(collection))


@shared_task(name=pipeline.COSIGN, autoretry_for=_PASSING, retry_backoff=True)
def cosign() -> None:
    pipeline.cosign_logs()


@shared_task(name=pipeline.RECONCILE, autoretry_for=_PASSING, retry_backoff=True)
def reconcile() -> None:
    pipeline.reconcile()


@shared_task(name=pipeline.APPLY_DECISIONS, autoretry_for=_PASSING, retry_backoff=True)
def apply_decisions() -> None:
    pipeline.apply_decisions()


@shared_task(name=pipeline.CATALOGUE, autoretry_for=_PASSING, retry_backoff=True)
def catalogue() -> None:
    pipeline.catalogue()


@shared_task(name=pipeline.NOTIFY, autoretry_for=_PASSING, retry_backoff=True)
def notify() -> None:
    pipeline.notify()


@shared_task(name=pipeline.DISPATCH, autoretry_for=_PASSING, retry_backoff=True)
def dispatch(number: str) -> None:
    pipeline.dispatch(UUID(number))


@shared_task(name="indicators.send_digests", autoretry_for=_PASSING, retry_backoff=True)
def send_digests() -> None:
    pipeline.send_digests()


@shared_task(name="indicators.retire", autoretry_for=_PASSING, retry_backoff=True)
def retire() -> None:
    pipeline.retire()


@shared_task(name="indicators.exchange", autoretry_for=_PASSING, retry_backoff=True)
def exchange() -> None:
    """What is due between this node and its peers, and was not sent by whoever caused it."""
    now = datetime.now(UTC)
    pipeline.hand_over_due(now, pause=_WAITS)
    pipeline.resume_waking()
    pipeline.resume_reconciling()


@shared_task(name=pipeline.REFRESH_PEERS, autoretry_for=_PASSING, retry_backoff=True)
def refresh_peers() -> None:
    pipeline.refresh_peers()


@shared_task(name=errands.ERRAND, autoretry_for=_PASSING, retry_backoff=True)
def errand(errand_id: int) -> None:
    errands.run_errand(errand_id)


@shared_task(name="indicators.resume_pending")
def resume_pending() -> None:
    older_than = datetime.now(UTC) - _WAITS
    pipeline.resume_pending(older_than)
    pipeline.resume(older_than)
    pipeline.resume_submissions(older_than)
    errands.resume_errands(older_than)


@shared_task(name="indicators.forget_statuses")
def forget_statuses() -> None:
    """Statuses stay readable for STATUS_HOURS; those with pending work stay until it is done."""
    oldest = datetime.now(UTC) - timedelta(hours=settings.STATUS_HOURS)
    Status.objects.filter(requested_at__lt=oldest, payload__isnull=True).delete()


@shared_task(name="indicators.forget_sessions")
def forget_sessions() -> None:
    sessions.forget_what_is_over()


@shared_task(name="indicators.rotate_epochs", autoretry_for=_PASSING, retry_backoff=True)
def rotate_epochs() -> None:
    pipeline.rotate_epochs()


@shared_task(
    name=pipeline.RETOKENIZE,
    autoretry_for=(*_PASSING, *_KEY_HOLDER),
    retry_backoff=True,
    retry_backoff_max=_LONGEST_PAUSE,
)
def retokenize(after: int) -> None:
    pipeline.retokenize(after)


@shared_task(name="indicators.check_logs", autoretry_for=_PASSING, retry_backoff=True)
def check_logs() -> None:
    pipeline.check_logs()


@shared_task(name="indicators.destroy_expired", autoretry_for=_PASSING, retry_backoff=True)
def destroy_expired() -> None:
    pipeline.destroy_expired()


def _on_failure(
    task: Task, error: Exception, ids: Sequence[Any], stop: Callable[[Any, str], None]
) -> None:
    """Again later, by halves, or set aside. Unforeseen messages may quote a row: not said."""
    if isinstance(error, _PASSING):
        raise _again(task) from None
    ours = isinstance(error, DetectionError | FederationError)
    if not ours and task.request.retries < UNFORESEEN_RETRIES:
        log.warning("a stage failed, and is tried again", task=task.name, at=places(error))
        raise _again(task) from None
    reason = str(error) if ours else f"{type(error).__name__} at {places(error)[-1]}"
    log.error("a stage failed", task=task.name, count=len(ids), reason=reason, at=places(error))
    if len(ids) == 1:
        stop(ids[0], reason)
        return
    middle = len(ids) // 2
    for half in (ids[:middle], ids[middle:]):
        current_app.send_task(task.name, args=[list(half)])


def _again(task: Task) -> Exception:
    retry: Exception = task.retry(
        countdown=min(_LONGEST_PAUSE, 2**task.request.retries), throw=False
    )
    return retry
