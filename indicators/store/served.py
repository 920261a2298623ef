"""How far members have read without a gap, as their requests show."""

from uuid import UUID

from indicators.store.sql import open_cursor

# The primary key. Asking again for what was read already writes nothing, not even a lock: pollers
# do it all day.
_NOTE = """
INSERT INTO indicators_served AS s (member_id, collection_id, size, served_at)
SELECT asked.*, now()
FROM (SELECT %(member)s::uuid, %(collection)s::uuid, %(size)s::bigint) AS asked
LEFT JOIN indicators_served before
    ON before.member_id = %(member)s AND before.collection_id = %(collection)s
WHERE (%(begun)s = 0 OR before.size >= %(begun)s)
  AND (before.size IS NULL OR before.size < %(size)s)
ON CONFLICT (member_id, collection_id) DO UPDATE
SET size = excluded.size, served_at = excluded.served_at WHERE s.size < excluded.size
"""


def note_served(member: UUID, collection: UUID, *, begun: int, size: int) -> None:
    """The member was served the feed from the entry `begun` to its end, `size` entries in all.

    Who began behind what they had read before may lack what lies between: that notes nothing.
    """
    asked = {"member": member, "collection": collection, "begun": begun, "size": size}
    with open_cursor() as cursor:
        cursor.execute(_NOTE, asked)
