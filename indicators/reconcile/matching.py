"""What joined a collection, held against everything that is here: a batch in one transaction.

What is known of indicators, their matches, the answers and the joint clusters change together with
how far the log is reconciled: after a crash the batch is reconciled by whoever comes next, once.
"""

from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.db import transaction

from indicators.reconcile import answers, behaviour, joint, known, overlap, reading
from indicators.store.sql import open_cursor

log = structlog.get_logger("retort.reconcile")


def reconcile_collection(collection_id: UUID) -> bool:
    """Reconcile a batch of what joined a collection since the last time; whether to call again."""
    now = datetime.now(UTC)
    with transaction.atomic(), open_cursor() as cursor:
        reading.take_turn(cursor)
        batch = reading.read_new(collection_id)
        learned = known.learn(cursor, batch, now)
        found = overlap.match_indicators(cursor, learned.tokens, now)
        found += overlap.retire(cursor, learned.gone, overlap.REVOKED, now)
        said = batch.of("sighting", "opinion")
        words = [(it.stix_id, it.version, it.body, it.origin) for it in said]
        answered = answers.take(cursor, words, now)
        if learned.behaves:
            behaviour.ask_all(cursor, now)
        joint.connect(cursor, learned.changed, found.all, learned.gone, now, answered)
        reading.move(cursor, batch, now)
    if batch.objects:
        log.info(
            "reconciled",
            collection=str(collection_id),
            objects=len(batch.objects),
            matches=len(found.changed),
            retired=len(found.retired),
        )
    return batch.more
