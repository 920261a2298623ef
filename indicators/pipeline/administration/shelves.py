"""Collections as people look at them: how large, how fresh, who reads them and how far they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from federation.models import Cosignature, Log, Peer, Subscription
from federation.transparency import log
from indicators.models import Collection, Grant, Relay
from indicators.reconcile.delivery import Progress, Retraction, progress, retractions
from indicators.store.sql import open_cursor

_SHOWN = 50
# Few rows, by their primary and foreign keys; all collections at once.
_OVERVIEW = """
SELECT c.id, c.title, c.alias, c.audience, c.is_inbox, c.signatures_required, l.size,
    l.last_added, coalesce(granted.readers, 0)
FROM indicators_collection c JOIN federation_log l ON l.id = c.id
LEFT JOIN (
    SELECT collection_id, count(*) AS readers FROM indicators_grant
    WHERE can_read GROUP BY collection_id
) granted ON granted.collection_id = c.id
ORDER BY c.is_inbox, c.title, c.id
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection in the list; `size` counts log entries, `readers` members that were granted."""

    id: UUID
    title: str
    alias: str | None
    audience: str
    is_inbox: bool
    signatures_required: bool
    size: int
    last_added: datetime | None
    readers: int


@dataclass(frozen=True, slots=True)
class LogFacts:
    """A collection's log as others pin it. `root` in hexadecimal, `note` the signed checkpoint;
    `cosigned`: the names of whoever cosigned it at this size."""

    origin: str
    size: int
    root: str
    vkey: str
    note: str
    last_added: datetime | None
    cosigned: Sequence[str]


@dataclass(frozen=True, slots=True)
class ShelfDetail:
    """Everything about one collection. `source` is the subscription that fills an inbox."""

    log: LogFacts
    grants: Sequence[Grant]
    progress: Sequence[Progress]
    awaited: Sequence[Retraction]
    relays_in: Sequence[tuple[Relay, str]]
    relays_out: Sequence[Relay]
    source: Subscription | None


def shelves() -> list[Shelf]:
    """Every collection, this node's own first, by title; one statement."""
    with open_cursor() as cursor:
        return [Shelf(*row) for row in cursor.execute(_OVERVIEW).fetchall()]


def detail(collection: Collection) -> ShelfDetail:
    """Everything about one collection; as many statements however much it has."""
    into = Relay.objects.filter(target=collection).select_related("inbox")
    source = Subscription.objects.select_related("peer").filter(inbox=collection.pk).first()
    return ShelfDetail(
        log=_log(collection.pk),
        grants=list(
            Grant.objects.filter(collection=collection)
            .select_related("member")
            .order_by("member__name")
        ),
        progress=[] if collection.is_inbox else progress(collection.pk),
        awaited=_awaited(collection),
        relays_in=[(each, each.inbox.title) for each in into.order_by("inbox__title")],
        relays_out=list(Relay.objects.filter(inbox=collection).select_related("target")),
        source=source,
    )


def _awaited(collection: Collection) -> list[Retraction]:
    if collection.is_inbox:
        return []
    return retractions(collection.pk, awaited_only=True, limit=_SHOWN)


def _log(collection: UUID) -> LogFacts:
    head = Log.objects.get(pk=collection)
    newest = Cosignature.objects.filter(log=collection, size=head.size)
    return LogFacts(
        origin=head.origin,
        size=head.size,
        root=bytes(head.root).hex(),
        vkey=log.verifier(collection).vkey,
        note=log.checkpoint(collection).decode(),
        last_added=head.last_added,
        cosigned=_names(newest.values_list("witness", flat=True)),
    )


def _names(verifiers: Iterable[str]) -> list[str]:
    """What witnesses are called here: peers by their names, others by their hosts."""
    hosts = [verifier.partition("+")[0] for verifier in verifiers]
    peers = Peer.objects.exclude(base_url="").values_list("base_url", "name") if hosts else ()
    known = {urlsplit(url).netloc: name for url, name in peers}
    return sorted(known.get(host, host) for host in hosts)
