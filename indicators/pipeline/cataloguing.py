"""The catalog follows the feeds: what joined them, what left them, and what is over by now."""

from datetime import UTC, datetime

from indicators.catalog import cataloguing

CATALOGUE = "indicators.catalogue"


def catalogue() -> None:
    """Everything that is new in the feeds becomes what people find.

    Safe to repeat and to run twice: batches take turns, and each begins where the last one ended.
    """
    now = datetime.now(UTC)
    while cataloguing.catalogue_due(now):
        """There is more."""
    while cataloguing.catalogue_new(now):
        """There is more."""
    while cataloguing.expire(now):
        """There is more."""
