"""What a simulation is asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
# When the largest reported campaign began.
FIRST_DAY = datetime(2026, 4, 22, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`accounts`, `interactions` and `days` are of each campaign; `shape` is one of SHAPES, or
    None for all of them in turn. A revision covers a day more than the one before it.

    An `organization` sees the campaigns of the seed from its own side: of its accounts, `shared`
    (a ratio) have the identifiers that accounts of every other organization have, too.
    """

    seed: int = 1
    campaigns: int = 1
    accounts: int = 100
    accounts_per_line: int = 1000
    shape: str | None = None
    interactions: int | None = None
    days: int = 7
    start: datetime = FIRST_DAY
    revisions: int = 1
    closes: bool = False
    organization: str = ""
    shared: float = 0.0

    @property
    def line_count(self) -> int:
        parts = -(-self.accounts // self.accounts_per_line)
        return self.campaigns * parts * (self.revisions + self.closes)

    def until(self, revision: int) -> datetime:
        """The end of what a revision tells of."""
        return self.start + (self.days + revision - 1) * DAY
