"""Where a node describes itself, where its logs are read and its token keys asked."""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from federation import views
from federation.peers import signed_views
from federation.peers import views as peers
from federation.pseudonyms import views as keyholder
from federation.views import View, Withdrawn


def log_urls(guard: Callable[[View], View], withdrawn: Withdrawn) -> list[URLPattern]:
    """The log endpoints, each behind `guard`, which decides who may read log `log_id`.

    A guarded view is called as `view(request, log_id=UUID, …)`. `withdrawn` says which entries of
    a log have no object any more.
    """
    log = "logs/<uuid:log_id>/"
    doors: list[tuple[str, View, str]] = [
        ("checkpoint", views.checkpoint, "log-checkpoint"),
        ("tile/<path:path>", views.tile, "log-tile"),
        ("proof/inclusion", views.inclusion_proof, "log-inclusion"),
        ("proof/consistency", views.consistency_proof, "log-consistency"),
        ("withdrawn", views.withdrawn_of(withdrawn), "log-withdrawn"),
    ]
    return [_open(log + route, guard(view), name) for route, view, name in doors]


def keyholder_urls(guard: Callable[[View], View]) -> list[URLPattern]:
    """The key-holder's doors, each behind `guard`, which authenticates.

    A guarded view is called as `view(request, member=…)`: whose quota counts, by a name of at most
    100 characters that is the same for all of a member's credentials.
    """
    doors: list[tuple[str, View, str]] = [
        ("keys", keyholder.keys, "keyholder-keys"),
        ("evaluate", keyholder.evaluate, "keyholder-evaluate"),
    ]
    return [
        _open(f"keyholder/v1/{route}", csrf_exempt(guard(view)), name)
        for route, view, name in doors
    ]


def descriptor_urls(describe: Callable[[str], bytes]) -> list[URLPattern]:
    """Where anybody reads what this node says of itself: `describe(address asked at)`."""
    return [_open(".well-known/retort.json", peers.descriptor(describe), "descriptor")]


def signed_urls(on_wake: Callable[[UUID], None]) -> list[URLPattern]:
    """The doors for active peers, by signature alone; `on_wake` hands over a pull."""
    doors: list[tuple[str, View, str]] = [
        ("federation/v1/wake", signed_views.wake(on_wake), "peer-wake"),
        ("federation/v1/receipt", signed_views.receipt, "peer-receipt"),
        ("witness/add-checkpoint", signed_views.add_checkpoint, "peer-witness"),
    ]
    return [_open(route, view, name) for route, view, name in doors]


def _open(route: str, view: View, name: str) -> URLPattern:
    """A door for programs, which knows no sessions: who is at it is asked by its guard."""
    return path(route, login_not_required(view), name=name)
