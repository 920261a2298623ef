"""What every page shows: whose node this is, and the way to what this person may open."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse

from indicators.models import Role
from indicators.people.roles import roles_of


class Area(NamedTuple):
    """An entry of the navigation. `key` is typed after `g` to go there."""

    name: str
    title: str
    key: str
    group: str


_AREAS = (
    Area("overview", "Overview", "o", ""),
    Area("campaigns", "Campaigns", "c", "Look"),
    Area("indicators", "Indicators", "i", "Look"),
    Area("submissions", "Submit", "s", "Share"),
    Area("reviews", "Review", "r", "Share"),
    Area("referrals", "Referrals", "f", "Share"),
    Area("matches", "Matches", "m", "Decide"),
    Area("detections", "Detections", "d", "Decide"),
    Area("peers", "Peers", "p", "Run"),
    Area("collections", "Collections", "l", "Run"),
    Area("settings", "Settings", "e", "Run"),
    Area("audit", "Audit", "a", "Run"),
)


def node(request: HttpRequest) -> dict[str, Any]:
    """`node_name`, and `areas`: the navigation of the person who asks."""
    roles = roles_of(request.user) if hasattr(request, "user") else frozenset[Role]()
    return {"node_name": settings.NODE_NAME, "areas": _open_to(roles), "roles": roles}


def _open_to(roles: frozenset[Role]) -> list[dict[str, str]]:
    entries = []
    for area in _AREAS:
        try:
            address = reverse(area.name)
        except NoReverseMatch:
            continue
        if roles.intersection(getattr(resolve(address).func, "roles", ())):
            entries.append({**area._asdict(), "url": address})
    return entries
