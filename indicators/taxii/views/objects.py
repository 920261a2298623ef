"""Objects, manifest and versions: pages of the feed."""

import hashlib
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from indicators import access, pipeline
from indicators.store import feed, served, withdrawal
from indicators.taxii import cursor, full_pages, media, posting, resources
from indicators.taxii.door import door, json_answer, known, readable, send
from indicators.taxii.errors import Refused
from indicators.taxii.query import OBJECT, OBJECTS, VERSIONS, Query, object_id, read_query

log = structlog.get_logger("retort.taxii")
Render = Callable[[Sequence[feed.Row], str | None], bytes]


@door("GET", "POST")
def objects(request: HttpRequest, caller: access.Caller, collection: str) -> HttpResponse:
    if request.method == "POST":
        return _post(request, caller, collection)
    found = readable(caller, collection).collection
    query = read_query(request.GET, OBJECTS, cap=settings.PAGE_SIZE, what="objects")
    after = _start(found.pk, query)
    coding = media.encoding(request.headers.get("Accept-Encoding"))
    kept = full_pages.full_page(found.pk, query, after, coding=coding)
    if kept is not None:
        return full_pages.send_kept(request, kept, coding=coding)
    return _envelope(request, found.pk, query, after, reader=caller.member.pk)


@door("GET")
def manifest(request: HttpRequest, caller: access.Caller, collection: str) -> HttpResponse:
    found = readable(caller, collection).collection
    query = read_query(request.GET, OBJECTS, cap=settings.PAGE_SIZE, what="manifest")
    after = _start(found.pk, query)
    return _listing(request, found.pk, query, after, resources.manifest)


@door("GET", "DELETE")
def one_object(
    request: HttpRequest, caller: access.Caller, collection: str, stix_id: str
) -> HttpResponse:
    if request.method == "DELETE":
        return _delete(request, caller, collection, stix_id)
    found = readable(caller, collection).collection
    query = _query_one(request, "object", OBJECT, stix_id)
    _must_know(found.pk, stix_id)
    return _envelope(request, found.pk, query, _start(found.pk, query))


@door("GET")
def versions(
    request: HttpRequest, caller: access.Caller, collection: str, stix_id: str
) -> HttpResponse:
    found = readable(caller, collection).collection
    query = _query_one(request, "versions", VERSIONS, stix_id)
    _must_know(found.pk, stix_id)
    after = _start(found.pk, query)
    return _listing(request, found.pk, query, after, resources.versions)


def _post(request: HttpRequest, caller: access.Caller, collection: str) -> HttpResponse:
    found = known(caller, collection)
    if not found.can_write:
        raise Refused(403, "You may not write to this collection; ask its owner for a grant.")
    body = posting.read_body(request)
    access.verify_signed(request, caller, body)
    status = pipeline.receive(found.collection, caller.member, body)
    return json_answer(resources.status(status), status=202)


def _delete(
    request: HttpRequest, caller: access.Caller, collection: str, stix_id: str
) -> HttpResponse:
    found = known(caller, collection)
    if not (found.can_read or found.can_write):
        raise Refused(404, "There is no such collection for you.")
    if not (found.can_read and found.can_write):
        raise Refused(403, "Deleting needs both reading and writing this collection.")
    query = _query_one(request, "delete", OBJECT, stix_id)
    selection = query.selection
    if "match[version]" not in request.GET:
        selection = feed.Selection(
            ids=selection.ids, versions=feed.Versions(every=True), nothing=selection.nothing
        )
    gone = withdrawal.withdraw(
        found.collection, caller.member, stix_id, selection, f"deleted by {caller.member.name}"
    )
    log.info("deleted", collection=collection, object=stix_id, versions=gone)
    return json_answer({})


def _query_one(request: HttpRequest, what: str, fields: tuple[str, ...], stix_id: str) -> Query:
    return read_query(
        request.GET, fields, cap=settings.PAGE_SIZE, what=what, stix_id=object_id(stix_id)
    )


def _must_know(collection: UUID, stix_id: str) -> None:
    if not feed.knows(collection, stix_id):
        raise Refused(404, f"{stix_id} is not in this collection.")


def _start(collection: UUID, query: Query) -> int:
    """The position behind which the page starts."""
    if query.next is not None:
        position = cursor.read(query.next, collection, query.bound_to)
        if position is None:
            raise Refused(
                400,
                "next does not fit: send it back as it came, with the same filters and"
                " added_after, to the same collection.",
            )
        return position
    if query.added_after is not None:
        return feed.position_after(collection, query.added_after)
    return -1


def _begun(collection: UUID, query: Query, after: int) -> int:
    """The entry that the reading began with, of which this is the last page."""
    if query.added_after is None:
        return 0
    if query.next is None:
        return after + 1
    return feed.position_after(collection, query.added_after) + 1


def _envelope(
    request: HttpRequest, collection: UUID, query: Query, after: int, reader: UUID | None = None
) -> HttpResponse:
    page = feed.read_contents(collection, query.selection, after=after, limit=query.limit)
    if reader is not None and query.is_whole and not page.more:
        begun = _begun(collection, query, after)
        size = (page.seqs[-1] if page.seqs else after) + 1
        served.note_served(reader, collection, begun=begun, size=size)
    next = cursor.sign(page.seqs[-1], collection, query.bound_to) if page.more else None
    body = resources.envelope(page.bodies, next)
    tag = _tag(collection, query, page.seqs, page.more)
    return send(request, body, etag=tag, headers=resources.date_headers(page.dates))


def _listing(
    request: HttpRequest, collection: UUID, query: Query, after: int, render: Render
) -> HttpResponse:
    """A page that says which objects there are, without their bytes."""
    page = feed.read_page(collection, query.selection, after=after, limit=query.limit, bodies=False)
    rows = page.rows
    next = cursor.sign(rows[-1].seq, collection, query.bound_to) if page.more else None
    tag = _tag(collection, query, [row.seq for row in rows], page.more)
    headers = resources.date_headers([row.date_added for row in rows])
    return send(request, render(rows, next), etag=tag, headers=headers)


def _tag(collection: UUID, query: Query, seqs: Sequence[int], more: bool) -> str:
    """Names the page's bytes by what determines them: an entry has one content for ever."""
    facts = (collection, query.bound_to, more, list(seqs))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
