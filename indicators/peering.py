"""This node as it describes itself to others: its identity, keys, logs and doors.

Nothing of the description is kept. It is read from the tables each time, and its signature is
deterministic, so that every process gives the same bytes for the same state.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson
from django.conf import settings

from federation import node_keys
from federation.keys import Verifier
from federation.models import Log, NodeKey
from federation.node_keys import PublicKey
from federation.peers import descriptor
from federation.peers.described import DescribedLog, Key, KeyHolder, TokenKey, Use
from federation.pseudonyms import epochs
from federation.transparency import log
from federation.transparency.witness import this_witness
from indicators.detections.drafts.organization import described_organization
from indicators.models import Collection, Member
from indicators.store.custody import ensure_own_member
from indicators.store.sql import open_cursor

_PURPOSES: dict[Use, NodeKey.Purpose] = {
    "object": NodeKey.Purpose.OBJECT,
    "request": NodeKey.Purpose.REQUEST,
}


def describe(asked_at: str = "") -> bytes:
    """The node's descriptor: canonical JSON, signed by its object key. Raises KeyNotOpened.

    `asked_at`: its address as a reader wrote it, for a node that was not told its PUBLIC_URL.
    """
    base = (settings.PUBLIC_URL or asked_at or f"http://{settings.NODE_HOST}").rstrip("/")
    signer = node_keys.current_key(NodeKey.Purpose.OBJECT)
    with open_cursor() as cursor:
        identity = described_organization(cursor, _own(), signer)
    keys = [*_keys("object"), *_keys("request")]
    collections = list(Collection.objects.filter(is_inbox=False).order_by("pk"))
    return descriptor.write(
        issued=_issued(identity, keys, collections),
        identity=identity,
        keys=keys,
        logs=_logs(collections),
        taxii=f"{base}/taxii2/",
        federation=f"{base}/federation/v1/",
        signer=signer,
        witness=this_witness().vkey,
        keyholder=_keyholder(base),
    )


def _own() -> Member:
    return Member.objects.filter(is_self=True).first() or ensure_own_member()


def _keys(use: Use) -> list[Key]:
    """The line of a use; each key ends where the next one begins."""
    line = node_keys.endorsed_keys(_PURPOSES[use])
    following: Sequence[PublicKey | None] = [*line[1:], None]
    return [
        Key(
            use=use,
            public_key=key.public_key,
            created=key.created_at,
            since=key.since,
            until=None if after is None else after.since,
            endorsed_by=key.endorsed_by,
            endorsement=key.endorsement,
        )
        for key, after in zip(line, following, strict=True)
    ]


def _logs(collections: Iterable[Collection]) -> list[DescribedLog]:
    """Every collection's but the inboxes': an id and whom it is for, as no title would say more."""
    heads = Log.objects.select_related("key").in_bulk([each.pk for each in collections])
    return [
        DescribedLog(
            collection=each.pk,
            origin=heads[each.pk].origin,
            vkey=Verifier(heads[each.pk].origin, bytes(heads[each.pk].key.public_key)).vkey,
            signatures_required=each.signatures_required,
            audience=each.audience,
        )
        for each in collections
        if each.pk in heads
    ]


def _issued(identity: bytes, keys: Iterable[Key], collections: Iterable[Collection]) -> datetime:
    """When it last changed, as far as the tables tell: the same in every process."""
    modified = datetime.fromisoformat(orjson.loads(identity)["modified"])
    made = (key.created for key in keys)
    opened = (each.created_at for each in collections)
    return max([modified, *made, *opened])


def _keyholder(base: str) -> KeyHolder | None:
    """The token keys, if this node holds them: others compare what they were given."""
    keys = [] if settings.KEYHOLDER_URL else epochs.all_keys()
    if not keys:
        return None
    verifier = log.verifier(epochs.log_id())
    tokens = tuple(TokenKey(key.kind, key.epoch, key.public_key) for key in keys)
    return KeyHolder(base, settings.TOKEN_GROUP, tokens, verifier.name, verifier.vkey)
