"""Full pages from the start of the feed: made once, kept compressed, sent as kept bytes."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from indicators.models import Collection, KeptPage
from indicators.store import feed, pages
from indicators.taxii import cursor, resources
from indicators.taxii.door import coded, coded_tag, has_already, not_modified
from indicators.taxii.query import Query

_FORM = b"envelope/1"


def full_page(collection: UUID, query: Query, after: int, *, coding: str) -> pages.Kept | None:
    """The kept page at a position, made if it can be; None where the reader gets a page of its own.

    Kept are only the pages that everybody reads: no filter, no starting time, the latest or all
    versions, as long as a page may be.
    """
    view = _view(query)
    if view is None:
        return None
    position = pages.Position(collection, view, after, _made_with())
    match pages.find(position, gzip=coding == "gzip"):
        case pages.Kept() as kept:
            return kept if kept.entries <= query.limit else None
        case pages.Borders() as borders:
            return _make(position, query, coding, until=borders.last_seq)
    return _make(position, query, coding, until=feed.END) if pages.continues(position) else None


def send_kept(request: HttpRequest, page: pages.Kept, *, coding: str) -> HttpResponse:
    """The kept bytes, or 304."""
    tagged = coded_tag(page.etag, coding)
    headers = resources.date_range(page.date_added_first, page.date_added_last)
    if has_already(request, tagged):
        return not_modified(tagged, headers)
    body = pages.decompress(page.body) if coding == "identity" else page.body
    return coded(body, coding, tagged, headers)


def _view(query: Query) -> KeptPage.View | None:
    versions = query.selection.versions
    if not query.is_plain or versions.exact or versions.first:
        return None
    return KeptPage.View.ALL if versions.every else KeptPage.View.LATEST


def _make(position: pages.Position, query: Query, coding: str, *, until: int) -> pages.Kept | None:
    """Read a page and keep it.

    One that thinned out below half is not, nor one that no longer fits its borders (an older
    version took the place of a withdrawn one, or pages became shorter): its chain is cut there.
    """
    if query.limit < settings.PAGE_SIZE:
        return None
    rewrites = Collection.objects.values_list("rewrites", flat=True).get(pk=position.collection)
    page = feed.read_contents(
        position.collection,
        query.selection,
        after=position.after_seq,
        limit=settings.PAGE_SIZE,
        until=until,
    )
    laid_out = until != feed.END
    if laid_out and (page.more or len(page.seqs) * 2 < settings.PAGE_SIZE):
        pages.cut(position)
        return None
    if not (page.more or laid_out):
        return None
    last_seq = until if laid_out else page.seqs[-1]
    next = cursor.sign(last_seq, position.collection, query.bound_to)
    body = resources.envelope(page.bodies, next)
    zstd, gzip = pages.compress(body)
    made = pages.Kept(
        last_seq=last_seq,
        entries=len(page.seqs),
        date_added_first=page.dates[0],
        date_added_last=page.dates[-1],
        etag=hashlib.sha256(body).hexdigest()[:32],
        body=gzip if coding == "gzip" else zstd,
    )
    pages.keep(position, rewrites, made, zstd=zstd, gzip=gzip)
    return made


def _made_with() -> bytes:
    facts = _FORM + cursor.key_fingerprint() + settings.PAGE_SIZE.to_bytes(8)
    return hashlib.sha256(facts).digest()[:8]
