"""Where a node's logs are read: `/logs/<collection UUID>/…` (C2SP tlog-tiles, and proofs)."""

from collections.abc import Callable

from django.urls import URLPattern, path

from federation import views
from federation.views import View


def log_urls(guard: Callable[[View], View]) -> list[URLPattern]:
    """The log endpoints, each behind `guard`, which decides who may read log `log_id`.

    A guarded view is called as `view(request, log_id=UUID, …)`.
    """
    log = "logs/<uuid:log_id>/"
    doors: list[tuple[str, View, str]] = [
        ("checkpoint", views.checkpoint, "log-checkpoint"),
        ("tile/<path:path>", views.tile, "log-tile"),
        ("proof/inclusion", views.inclusion_proof, "log-inclusion"),
        ("proof/consistency", views.consistency_proof, "log-consistency"),
    ]
    return [path(log + route, guard(view), name=name) for route, view, name in doors]
