"""What every page shows: whose node this is, and the way to what this person may open."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject

from indicators.models import Member, Role
from indicators.notices import inbox
from indicators.people.roles import roles_of
from indicators.web.pages import signed_in


class Area(NamedTuple):
    """An entry of the navigation. `key` is typed after `g` to go there; `parts` are the first
    parts of the paths that belong to it."""

    name: str
    title: str
    key: str
    group: str
    parts: tuple[str, ...]


_AREAS = (
    Area("overview", "Overview", "o", "", ("overview", "start")),
    Area("campaigns", "Campaigns", "c", "Look", ("campaigns", "actors")),
    Area("indicators", "Indicators", "i", "Look", ("indicators", "objects")),
    Area("submissions", "Submit", "s", "Share", ("submissions",)),
    Area("reviews", "Review", "r", "Share", ("reviews",)),
    Area("referrals", "Referrals", "f", "Share", ("referrals",)),
    Area("matches", "Matches", "m", "Decide", ("matches",)),
    Area("detections", "Detections", "d", "Decide", ("detections", "clusters")),
    Area("peers", "Peers", "p", "Run", ("peers",)),
    Area("collections", "Collections", "l", "Run", ("collections",)),
    Area("settings", "Settings", "e", "Run", ("settings",)),
    Area("audit", "Audit", "a", "Run", ("audit",)),
)


def node(request: HttpRequest) -> dict[str, Any]:
    """`node_name`, `areas`: the navigation of the person who asks; `unread`: for the bell."""
    roles = roles_of(request.user) if hasattr(request, "user") else frozenset[Role]()
    here = request.path.split("/")[1]
    return {
        "node_name": SimpleLazyObject(_name) if roles else settings.NODE_NAME,
        "areas": [_entry(area, here) for area in _AREAS if _opens(area, roles)] if roles else [],
        "roles": roles,
        "unread": inbox.unread(signed_in(request)) if roles else "",
    }


def _name() -> str:
    """What this organization calls itself; asked for by pages that show it, once each."""
    own = Member.objects.filter(is_self=True).values_list("name", flat=True).first()
    return own or settings.NODE_NAME


def _opens(area: Area, roles: frozenset[Role]) -> bool:
    page = resolve(reverse(area.name)).func
    return bool(roles.intersection(getattr(page, "roles", ())))


def _entry(area: Area, here: str) -> dict[str, Any]:
    return {**area._asdict(), "url": reverse(area.name), "is_here": here in area.parts}
