"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.models import ErrandKind
from indicators.web.pages import ADMINISTRATOR, page
from indicators.web.views import peer_evidence, peers

_ONE = "peers/<uuid:number>/"
_SENT = {
    "refresh": ErrandKind.REFRESH,
    "offers": ErrandKind.OFFERS,
    "recheck": ErrandKind.RECHECK,
}

paths: list[URLPattern] = [
    path("peers/", page(peers.peers, ADMINISTRATOR), name="peers"),
    path("peers/add/", page(peers.add, ADMINISTRATOR), name="peer-add"),
    path("peers/this-node/", page(peers.this_node, ADMINISTRATOR), name="fingerprint"),
    path("peers/errands/<int:number>/", page(peers.errand, ADMINISTRATOR), name="errand"),
    path(_ONE, page(peers.peer, ADMINISTRATOR), name="peer"),
    path(f"{_ONE}confirm/", page(peers.confirm, ADMINISTRATOR), name="peer-confirm"),
    path(f"{_ONE}credential/", page(peers.credential, ADMINISTRATOR), name="peer-credential"),
    path(f"{_ONE}subscribe/", page(peers.subscribe, ADMINISTRATOR), name="peer-subscribe"),
    path(f"{_ONE}relay/", page(peers.relay, ADMINISTRATOR), name="peer-relay"),
    path(f"{_ONE}push/", page(peers.push, ADMINISTRATOR), name="peer-push"),
    path(f"{_ONE}unfreeze/", page(peers.unfreeze, ADMINISTRATOR), name="peer-unfreeze"),
    path(f"{_ONE}pull/", page(peers.pull, ADMINISTRATOR), name="peer-pull"),
    path(
        f"{_ONE}subscriptions/<uuid:subscription>/",
        page(peers.change_subscription, ADMINISTRATOR),
        name="peer-subscription",
    ),
    path(
        f"{_ONE}quarantine/", page(peer_evidence.quarantine, ADMINISTRATOR), name="peer-quarantine"
    ),
    path(
        f"{_ONE}quarantine/<int:row>/",
        page(peer_evidence.quarantined, ADMINISTRATOR),
        name="peer-quarantined",
    ),
    path(f"{_ONE}evidence/", page(peer_evidence.evidence, ADMINISTRATOR), name="peer-evidence"),
    *(
        path(
            f"{_ONE}evidence/<int:row>/{which}/",
            page(peer_evidence.export, ADMINISTRATOR),
            {"which": which},
            name=f"peer-evidence-{which}",
        )
        for which in ("first", "second")
    ),
    *(
        path(f"{_ONE}{name}/", page(peers.send, ADMINISTRATOR), {"kind": kind}, name=f"peer-{name}")
        for name, kind in _SENT.items()
    ),
    *(
        path(
            f"{_ONE}{name}/", page(peers.change_state, ADMINISTRATOR), {"to": name}, f"peer-{name}"
        )
        for name in ("suspend", "resume", "leave")
    ),
]
