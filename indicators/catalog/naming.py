"""What objects are called, for everybody's links to them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from indicators.models import CatalogRow


class Named(NamedTuple):
    """An object's type, and its name for people; "" if it has none."""

    type: str
    name: str


def named(ids: Iterable[str]) -> Mapping[str, Named]:
    """Those of the objects that any feed here has, by id: one look-up each on the primary key."""
    rows = CatalogRow.objects.filter(stix_id__in=set(ids))
    return {row[0]: Named(*row[1:]) for row in rows.values_list("stix_id", "type", "name")}
