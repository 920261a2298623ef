"""What time asks for: keys change with the epochs, identifiers are destroyed, logs are looked at.

Each step does a batch, and says by what it returns whether there is more: so each is a short task,
and a task that is killed is done again from where the tables stand.
"""

from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings

from federation.errors import LogDamaged
from federation.models import Log
from federation.pseudonyms import epochs
from federation.transparency.audit import verify_head
from indicators.detections import audit, retention
from indicators.detections.submissions import standing
from indicators.pipeline.handing_over import hand_over

log = structlog.get_logger("retort.upkeep")

RETOKENIZE = "indicators.retokenize"


def rotate_epochs() -> None:
    """Keys that are due are made, those that are over destroyed with the tokens under them."""
    now = datetime.now(UTC)
    epochs.rotate_epochs(now)
    while retention.drop_old_tokens(now):
        """There is more."""
    hand_over(RETOKENIZE, 0)


def retokenize(after: int) -> None:
    """Tokens under the newest keys for what is still active, a batch a task."""
    following = retention.retokenize(datetime.now(UTC), after)
    if following is not None:
        hand_over(RETOKENIZE, following)


def check_logs() -> None:
    """The newest checkpoint of every log is fresh and sound, or people are told."""
    for log_id in Log.objects.values_list("pk", flat=True):
        try:
            verify_head(log_id)
        except LogDamaged as damage:
            log.error("a log is damaged; run `manage.py verify`", log=str(log_id), why=str(damage))
            audit.record("scheduler", "damaged log", f"log {log_id}", why=str(damage))


def destroy_expired() -> None:
    """Identifiers whose days are over are destroyed."""
    now = datetime.now(UTC)
    while retention.destroy_expired(now):
        """There is more."""
    while standing.destroy_evidence(now - timedelta(days=settings.IDENTIFIER_DAYS)):
        """There is more."""
