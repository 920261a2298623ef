"""What time does to detections: keys change with the epochs, and identifiers are destroyed.

Each step does a batch, and says by what it returns whether there is more: so each is a short task,
and a task that is killed is done again from where the tables stand.
"""

from datetime import UTC, datetime

from federation.pseudonyms import epochs
from indicators.detections import retention
from indicators.pipeline.handing_over import hand_over

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


def destroy_expired() -> None:
    """Identifiers whose days are over are destroyed."""
    now = datetime.now(UTC)
    while retention.destroy_expired(now):
        """There is more."""
