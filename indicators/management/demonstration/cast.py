"""Who takes part."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Organization:
    """One of the cast. The hub has no customers of its own, so it detects nothing."""

    name: str
    sector: str

    @property
    def slug(self) -> str:
        return self.name.lower()

    @property
    def is_hub(self) -> bool:
        return self.sector == "hub"


ALDER = Organization("Alder", "lab")
BIRCH = Organization("Birch", "lab")
CEDAR = Organization("Cedar", "cloud")
FORUM = Organization("Forum", "hub")
CAST = (ALDER, BIRCH, CEDAR, FORUM)
WITH_CUSTOMERS = (ALDER, BIRCH, CEDAR)
