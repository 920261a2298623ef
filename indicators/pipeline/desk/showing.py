"""An object or a campaign as its page shows it: what is held of it, and who has got it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from indicators.catalog.campaign import Campaign, campaign
from indicators.catalog.looking import Looked, look
from indicators.catalog.versions import InCollection, Version, places_of, versions
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


@dataclass(frozen=True, slots=True)
class ShownCampaign:
    campaign: Campaign
    versions: Sequence[Version]
    delivered: Sequence[Delivered]


def show_object(stix_id: str) -> Shown | None:
    """The object of that id, if any feed here has it."""
    looked = look(stix_id)
    return None if looked is None else Shown(looked, list(_delivered(looked.versions)))


def show_campaign(stix_id: str) -> ShownCampaign | None:
    """The campaign of that id, if any feed here has it."""
    found = campaign(stix_id)
    if found is None:
        return None
    held = versions(stix_id)
    return ShownCampaign(found, held, list(_delivered(held)))


def _delivered(held: Sequence[Version]) -> Iterator[Delivered]:
    """Who reads the collections that an object of these versions is in; nobody reads an inbox."""
    places = [place for place in places_of(held) if not place.is_inbox]
    for place in places[:_MOST_COLLECTIONS]:
        for reader in readers(place.collection):
            has_it = place.seq < reader.size
            yield Delivered(reader.name, reader.state, place, has_it, reader.by, reader.at)
