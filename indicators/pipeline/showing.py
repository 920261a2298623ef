"""An object as its page shows it: what is held of it, and who has got it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from indicators.catalog.looking import Looked, look
from indicators.catalog.versions import InCollection
from indicators.reconcile.delivery import readers

#: Collections whose readers are listed.
_MOST_COLLECTIONS = 10


@dataclass(frozen=True, slots=True)
class Delivered:
    """Whether an organization has read a collection as far as the object's newest version.

    `at`: when it was last heard how far they are; None if they never read it to the end.
    """

    organization: str
    state: str
    collection: InCollection
    is_held: bool
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    looked: Looked
    delivered: Sequence[Delivered]


def show_object(stix_id: str) -> Shown | None:
    """The object of that id, if any feed here has it."""
    looked = look(stix_id)
    return None if looked is None else Shown(looked, list(_delivered(looked)))


def _delivered(looked: Looked) -> Iterator[Delivered]:
    """Who reads the collections that the newest version is in; nobody reads an inbox."""
    places = [place for place in looked.versions[0].places if not place.is_inbox]
    for place in places[:_MOST_COLLECTIONS]:
        for reader in readers(place.collection):
            held = place.seq < reader.size
            yield Delivered(reader.name, reader.state, place, held, reader.by, reader.at)
