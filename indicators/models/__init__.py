"""The tables, a noun a file. Object tables have one writer: `indicators.store`."""

from indicators.models.collection import Audience, Collection, Grant
from indicators.models.credential import Credential
from indicators.models.entry import Entry, Withdrawal
from indicators.models.member import Member, Sector, State
from indicators.models.objects import Contradiction, ObjectId, ObjectVersion
from indicators.models.page import KeptPage
from indicators.models.status import Status

__all__ = [
    "Audience",
    "Collection",
    "Contradiction",
    "Credential",
    "Entry",
    "Grant",
    "KeptPage",
    "Member",
    "ObjectId",
    "ObjectVersion",
    "Sector",
    "State",
    "Status",
    "Withdrawal",
]
