"""What there is to choose from when searching."""

from uuid import UUID

from indicators.catalog.labels import type_label
from indicators.models import Collection, Member
from indicators.store.sql import open_cursor

# A jump along catalog_by_type for each type, however many rows each has.
_TYPES = """
WITH RECURSIVE types AS (
    (SELECT type FROM indicators_catalogrow ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT type FROM indicators_catalogrow WHERE type > types.type ORDER BY type LIMIT 1)
    FROM types WHERE types.type IS NOT NULL
)
SELECT type FROM types WHERE type IS NOT NULL LIMIT 200
"""
_MOST = 500


def types() -> list[tuple[str, str]]:
    """The types of which there are objects, with what people call them."""
    with open_cursor() as cursor:
        found = [name for (name,) in cursor.execute(_TYPES).fetchall()]
    return sorted(((name, type_label(name)) for name in found), key=lambda each: each[1].lower())


def origins() -> list[tuple[UUID, str]]:
    """The organizations whose objects may be here."""
    return list(Member.objects.order_by("name").values_list("pk", "name")[:_MOST])


def collections() -> list[tuple[UUID, str]]:
    """The collections, inboxes too."""
    return list(Collection.objects.order_by("title").values_list("pk", "title")[:_MOST])
