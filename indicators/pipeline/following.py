"""A peer's feed, followed page by page: read, verified, placed in its log; nothing is stored here.

page ─► verify signatures ─► place among the entries under a verified checkpoint ─► Page

Every step is a call to `federation.peers`, which says what it refuses and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from federation.errors import PeerMisbehaved
from federation.models import Evidence, EvidenceKind, Subscription
from federation.peers.replaying import Pinned, Placed, Replayed, check_head, cut, place_page
from federation.peers.ring import KeyRing
from federation.peers.source import MOST_ENTRIES, ServedPage, Source
from federation.peers.verification import Publisher, Received, read_page, verify_objects
from federation.transparency import evidence, witness
from federation.transparency.checkpoint import Checkpoint
from indicators.pipeline.admitting import Page

#: Entries looked at behind a page's objects before more are fetched: room for what was withdrawn.
_SLACK = 64
#: Entries without an object that are noted at once: a log may have any number of them.
MOST_GAPS = 50_000


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint of the peer's log that contradicts nothing seen before, and its note."""

    checkpoint: Checkpoint
    note: bytes


class Following:
    """One pull's way through a feed. `subscription` says where it stands; see `advance`."""

    def __init__(self, subscription: Subscription, source: Source, ring: KeyRing) -> None:
        self.subscription = subscription
        origin = None if subscription.log is None else subscription.log.origin
        self._began = subscription.size, subscription.added_after
        self._publisher = Publisher(subscription.peer.identity_id, origin)
        self._source, self._ring = source, ring
        self._head: Head | None = None
        # Where the feed's own `next` leads on from, within this pull; the next one asks by date.
        self._asked_after: datetime | None = None
        self._next: str | None = None
        # What asked for the page at hand, should less of it be wanted.
        self._asked_with: str | None = None

    def next_page(self) -> tuple[Page, bool]:
        """The next page, verified, and whether there is more. Asks the network.

        Raises what `Source`, `verification` and `replaying` raise.
        """
        # Read before the page: an entry up to here without an object in the feed is a gap.
        head = self._read_head()
        served = self._read_page()
        received = read_page(served.content, settings.PULL_PAGE)
        self._check_dates(served, received)
        if head is None:
            return self._page(served, received, None), served.more
        placed = self._place(head, served, received)
        while placed.places and len(placed.places) < len(received):
            # Too much is missing before the next object: only what stands before it, for now.
            served = self._read_page(again=len(placed.places))
            received = read_page(served.content, len(placed.places))
            self._check_dates(served, received)
            placed = self._place(head, served, received)
        if len(placed.places) == len(received):
            more = served.more or placed.after.size < self._settled(head, served)
            whole = placed if served.more else self._without_missing_end(placed, received)
            is_cut = whole.after.size < placed.after.size
            return self._page(served, received, whole), more and not is_cut
        # Too much is missing before the first object: only that is noted, and the page comes again.
        self._next = None
        return self._page(None, (), placed), True

    def advance(self, page: Page) -> None:
        """The page is stored: go on behind it."""
        if page.after is not None:
            self.subscription.size, self.subscription.edge = page.after.size, page.after.edge
        self.subscription.added_after = page.added_after

    @property
    def has_moved(self) -> bool:
        """Whether another pull would begin behind where this one began."""
        return self._began != (self.subscription.size, self.subscription.added_after)

    def _page(
        self, served: ServedPage | None, received: Sequence[Received], placed: Placed | None
    ) -> Page:
        verified = verify_objects(
            received,
            None if placed is None else placed.places,
            self._ring,
            self._publisher,
            signatures_required=self.subscription.signatures_required,
        )
        for refused in verified.refused:
            if refused.is_forgery:
                peer, body = self.subscription.peer_id, refused.received.body
                evidence.keep(peer, EvidenceKind.FORGERY, refused.reason, body)
        # A page without objects says nothing of dates, whatever its headers say.
        added_last = served.added_last if served is not None and received else None
        added_after = added_last or self.subscription.added_after
        if placed is None or self._head is None:
            return Page(verified, (), None, added_after)
        size = self._head.checkpoint.size
        return Page(verified, self._gaps(placed.gaps), placed.after, added_after, size)

    def _read_page(self, *, again: int = 0) -> ServedPage:
        """The next page; or the last one once more, with so many objects."""
        if not again:
            self._asked_with = self._next
            if self._next is None:
                self._asked_after = self.subscription.added_after
        limit = again or settings.PULL_PAGE
        served = self._source.page(self._asked_after, limit, next=self._asked_with)
        self._next = served.next
        return served

    def _check_dates(self, served: ServedPage, received: Sequence[Received]) -> None:
        """What is added later has a later date: a feed that steps back is read twice, or never."""
        first, last, after = served.added_first, served.added_last, self.subscription.added_after
        if not received or self.subscription.log is None:
            return
        if first is None or last is None:
            raise PeerMisbehaved("A page does not say when its objects were added (TAXII 2.1).")
        if last < first:
            raise PeerMisbehaved("The page's dates run backwards (X-TAXII-Date-Added).")
        if after is not None and first <= after:
            raise PeerMisbehaved(
                f"Objects added after {after.isoformat()} were asked for; the page begins at"
                f" {first.isoformat()}: an old page again, or dated back."
            )

    def _read_head(self, *, again: bool = False) -> Head | None:
        """The peer's newest checkpoint, checked against all that was seen of the log before."""
        known = self.subscription.log
        if known is None:
            return None
        behind = self._head and self._head.checkpoint.size > self.subscription.size
        if self._head is not None and behind and not again:
            return self._head
        known.refresh_from_db()
        note = self._source.checkpoint()
        root, seen = _bytes(known.root), _bytes(known.note)
        pinned = Pinned.of(known.origin, known.vkey, known.size, root, seen)
        checkpoint = check_head(pinned, note, self._source.consistency)
        witness.remember_head(known.pk, checkpoint, note, proven_from=known.size)
        self._head = Head(checkpoint, note)
        return self._head

    def _place(self, head: Head, served: ServedPage, received: Sequence[Received]) -> Placed:
        """Where the page's objects are in the log; reads entries and, once, a newer checkpoint.

        It ends early when more than MOST_GAPS entries have no object.
        """
        settled = self._settled(head, served)
        start = Replayed(self.subscription.size, bytes(self.subscription.edge))
        so_far = Placed([], [], start)
        refreshed = False
        while True:
            left = received[len(so_far.places) :]
            if left and so_far.after.size >= head.checkpoint.size and not refreshed:
                # The page was read after the checkpoint: it may show what was added since.
                head, refreshed = self._read_head(again=True) or head, True
                continue
            step = self._step(head, so_far.after, left, settled)
            so_far = Placed([*so_far.places, *step.places], [*so_far.gaps, *step.gaps], step.after)
            is_whole = len(so_far.places) == len(received) and so_far.after.size >= settled
            if is_whole or len(so_far.gaps) >= MOST_GAPS:
                return so_far

    @staticmethod
    def _settled(head: Head, served: ServedPage) -> int:
        """Up to where entries without an object are gaps, and not just yet to come."""
        return 0 if served.more else head.checkpoint.size

    def _step(self, head: Head, before: Replayed, left: Sequence[Received], settled: int) -> Placed:
        """The next entries of the log, and those of the objects that are among them."""
        size = head.checkpoint.size
        wanted = max(before.size + len(left) + (_SLACK if left else 0), settled)
        stop = min(size, wanted, before.size + MOST_ENTRIES)
        entries = self._source.entries(before.size, stop, size)
        return place_page(
            before,
            head.checkpoint,
            head.note,
            entries,
            self._source.consistency(stop, size),
            [each.sha256 for each in left],
            [each.body for each in left],
            settled=settled,
        )

    def _without_missing_end(self, placed: Placed, received: Sequence[Received]) -> Placed:
        """Up to the first entry behind the last object that is neither served nor withdrawn.

        It is waited for: a feed that is behind its log would else never be read again.
        """
        last = placed.places[-1] if placed.places else self.subscription.size - 1
        trailing = [gap for gap in placed.gaps if gap[0] > last]
        if not trailing or self._head is None:
            return placed
        declared = self._source.withdrawn(trailing[0][0], trailing[-1][0] + 1)
        missing = next((gap for gap in trailing if gap[0] not in declared), None)
        if missing is None:
            return placed
        self._keep_withheld([missing], len(trailing) - 1)
        before = Replayed(self.subscription.size, bytes(self.subscription.edge))
        return cut(before, placed, [each.sha256 for each in received], missing[0])

    def _gaps(self, gaps: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes, bool]]:
        """Entries without an object: withdrawn, as the peer declares, or else withheld."""
        if not gaps or self._head is None:
            return []
        declared = self._source.withdrawn(gaps[0][0], gaps[-1][0] + 1)
        withheld = [(index, entry) for index, entry in gaps if index not in declared]
        if withheld:
            self._keep_withheld(withheld, len(withheld) - 1)
        return [(index, entry, index in declared) for index, entry in gaps]

    def _keep_withheld(self, entries: Sequence[tuple[int, bytes]], more: int) -> None:
        """Once for the same entries, with the checkpoint that they were first missed under."""
        index, entry = entries[0]
        missed = b"".join(each for _, each in entries)
        peer = self.subscription.peer
        known = Evidence.objects.filter(peer=peer, kind=EvidenceKind.WITHHELD, second=missed)
        if self._head is None or known.exists():
            return
        rest = f", as did up to {more} behind it" if more else ""
        evidence.keep(
            peer.pk,
            EvidenceKind.WITHHELD,
            f"Entry {index} of {self._publisher.origin} (sha256 {entry.hex()}) came without its"
            f" object{rest}, and the peer does not say that it was withdrawn.",
            self._head.note,
            missed,
        )


def _bytes(column: bytes | memoryview | None) -> bytes | None:
    return None if column is None else bytes(column)
