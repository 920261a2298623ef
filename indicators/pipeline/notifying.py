"""From what happened to those who want to know: notices, mail, messages to programs."""

from datetime import UTC, datetime
from uuid import UUID

from indicators.notices import digest, dispatching, sweeping
from indicators.pipeline.handing_over import hand_over

NOTIFY, DISPATCH = "indicators.notify", "indicators.dispatch"


def notify() -> None:
    """Tell people what is new, and send programs what is due."""
    now = datetime.now(UTC)
    sweeping.sweep(now)
    # What was just written is due, too; what was lost on its way is sent again.
    for number in dispatching.due(datetime.now(UTC)):
        hand_over(DISPATCH, str(number))


def dispatch(number: UUID) -> bool:
    """One message to one program; whether it was taken."""
    return dispatching.send(number, datetime.now(UTC))


def send_digests() -> int:
    """Mail that is due, and the end of what is long read; how many mails."""
    now = datetime.now(UTC)
    sweeping.forget(now)
    return digest.send_digests(now)
