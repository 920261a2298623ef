"""The catalog follows the feeds: what joined them, what left them, and what is over by now.

One process of a node does it at a time; who comes meanwhile goes away at once. Nothing is missed by
that: the work is in the tables before anybody is called, and whoever ends looks once more after
letting go.
"""

from datetime import UTC, datetime

from indicators.catalog import cataloguing
from indicators.pipeline.alone import alone

_NAME = "retort/cataloguer"


def catalogue() -> None:
    """Everything that is new in the feeds becomes what people find. Safe to repeat and to kill."""
    now = datetime.now(UTC)
    while cataloguing.is_behind(now):
        with alone(_NAME) as mine:
            if not mine:
                return
            while cataloguing.catalogue_due(now):
                """There is more."""
            while cataloguing.catalogue_new(now):
                """There is more."""
            while cataloguing.expire(now):
                """There is more."""
