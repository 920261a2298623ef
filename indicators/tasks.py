"""Celery tasks: fetch by id, call one function of the pipeline."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import OperationalError

from indicators import pipeline
from indicators.models import Status

_WAITS = timedelta(seconds=30)


@shared_task(
    name=pipeline.FINISH_POST,
    autoretry_for=(OperationalError,),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=None,
)
def finish_post(status_id: str) -> None:
    pipeline.finish_post(UUID(status_id))


@shared_task(name="indicators.resume_pending")
def resume_pending() -> None:
    pipeline.resume_pending(datetime.now(UTC) - _WAITS)


@shared_task(name="indicators.forget_statuses")
def forget_statuses() -> None:
    """Statuses stay readable for STATUS_HOURS; those with pending work stay until it is done."""
    oldest = datetime.now(UTC) - timedelta(hours=settings.STATUS_HOURS)
    Status.objects.filter(requested_at__lt=oldest, payload__isnull=True).delete()
