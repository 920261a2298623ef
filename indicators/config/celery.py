"""The workers' and the scheduler's entry point: `celery -A indicators.config.celery worker`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

from indicators.config.structs import learn_all

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "indicators.config.settings")
app = Celery("retort")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {
    "resume what a crash left pending": {"task": "indicators.resume_pending", "schedule": 30.0},
    "what is due with peers": {"task": "indicators.exchange", "schedule": 5.0},
    "decisions that can't be taken back any more": {
        "task": "indicators.apply_decisions",
        "schedule": 5.0,
    },
    "what people find": {"task": "indicators.catalogue", "schedule": 30.0},
    "what people want to know": {"task": "indicators.notify", "schedule": 30.0},
    "mail": {"task": "indicators.send_digests", "schedule": 900.0},
    "witnesses": {"task": "indicators.cosign", "schedule": 30.0},
    "peers as they describe themselves": {
        "task": "indicators.refresh_peers",
        "schedule": 3600.0,
    },
    "what is over": {"task": "indicators.retire", "schedule": 3600.0},
    "keys of token epochs": {"task": "indicators.rotate_epochs", "schedule": 3600.0},
    "end of what may be kept": {"task": "indicators.destroy_expired", "schedule": 3600.0},
    "checkpoints are fresh": {"task": "indicators.check_logs", "schedule": 3600.0},
    "forget old statuses": {"task": "indicators.forget_statuses", "schedule": 3600.0},
    "forget old sessions": {"task": "indicators.forget_sessions", "schedule": 3600.0},
}
app.autodiscover_tasks(["indicators"])


def _before_threads(**_: Any) -> None:
    app.loader.import_default_modules()
    learn_all()


worker_init.connect(_before_threads)
