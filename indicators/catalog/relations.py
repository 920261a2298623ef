"""What objects say of each other, read from either end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indicators.catalog.naming import Named, named
from indicators.models import Reference

#: References of one object that a page shows, in each direction.
MOST = 100
_NAMELESS = Named("", "")


@dataclass(frozen=True, slots=True)
class Relation:
    """`stix_id` says that `source` is `relation` of `target`; `other` is the end that is not asked.

    What refers by itself, such as a sighting, is its own source. `known`: whether any feed here has
    the other object; else it has no name.
    """

    stix_id: str
    source: str
    relation: str
    target: str
    other: str
    type: str
    name: str

    @property
    def known(self) -> bool:
        return bool(self.type)


@dataclass(frozen=True, slots=True)
class Relations:
    """Out of an object and into it, the newest first; `more`: there are others."""

    outward: Sequence[Relation]
    inward: Sequence[Relation]
    more_outward: bool
    more_inward: bool


def relations(stix_id: str, limit: int = MOST) -> Relations:
    """What an object refers to, and what refers to it (references_from, references_to)."""
    by_newest = Reference.objects.order_by("-id").values_list(
        "stix_id", "source", "relation", "target"
    )
    outward = list(by_newest.filter(source=stix_id)[: limit + 1])
    inward = list(by_newest.filter(target=stix_id)[: limit + 1])
    names = named([*(row[3] for row in outward[:limit]), *(row[1] for row in inward[:limit])])
    return Relations(
        [_relation(row, row[3], names) for row in outward[:limit]],
        [_relation(row, row[1], names) for row in inward[:limit]],
        len(outward) > limit,
        len(inward) > limit,
    )


def _relation(row: tuple[str, str, str, str], other: str, names: Mapping[str, Named]) -> Relation:
    return Relation(*row, other, *names.get(other, _NAMELESS))
