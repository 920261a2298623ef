"""Peers: where each stands, one of them in full, and what can be done about it."""

from collections.abc import Iterator, Sequence
from statistics import median
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from federation.models import Peer, PeerState, Subscription
from indicators.models import Errand, ErrandKind
from indicators.pipeline import errands
from indicators.pipeline.administration import peers as administration
from indicators.pipeline.desk import looking
from indicators.web.acting import attempt, back, refuse_form, status_of
from indicators.web.charts.lag import Delay, behind, lag
from indicators.web.charts.spark import spark
from indicators.web.forms import peers as forms
from indicators.web.pages import signed_in

_STATES = {
    "suspend": (PeerState.SUSPENDED, "is held off."),
    "resume": (PeerState.ACTIVE, "is let in again."),
    "leave": (PeerState.LEFT, "has left; what it signed stays attributed to it."),
}


@require_safe
def peers(request: HttpRequest) -> HttpResponse:
    """Where each peer stands."""
    health = looking.peers_health(Peer.objects.all())
    came = looking.delays(row.id for row in health)
    rows = [(row, _typical(came.get(row.id, []))) for row in health]
    return render(request, "web/peers/peers.html", {"rows": rows})


def _typical(seconds: list[float]) -> tuple[str, SafeString] | None:
    """How soon objects come, in words and as a line; None if nothing came yet."""
    if not seconds:
        return None
    label = "Seconds from change to arrival"
    return behind(median(seconds)), spark([round(each) for each in seconds], label=label)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A node by its URL: a worker reads it, and the errand's page shows what it found."""
    form = forms.AddPeer(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = signed_in(request).get_username()
        asked = errands.ask(ErrandKind.ADD, actor, **form.arguments())
        return redirect("errand", asked.pk)
    return render(request, "web/peers/add.html", {"form": form}, status=status_of(form))


@require_safe
def errand(request: HttpRequest, number: int) -> HttpResponse:
    """What became of what a worker was sent out for."""
    asked = get_object_or_404(Errand.objects.select_related("peer"), pk=number)
    return render(request, "web/peers/errand.html", {"errand": asked})


@require_safe
def this_node(request: HttpRequest) -> HttpResponse:
    """What the operators of other nodes compare before they trust this one."""
    return render(request, "web/peers/this_node.html", {"fingerprint": looking.own_fingerprint()})


@require_safe
def peer(request: HttpRequest, number: UUID) -> HttpResponse:
    """Everything about one peer."""
    found = get_object_or_404(Peer, pk=number)
    detail = looking.peer_detail(found)
    asked, offered = errands.offers(found)
    pulled = {each.subscription.url for each in detail.followed}
    readable = [each for each in offered if each.can_read and each.url not in pulled]
    writable = [each for each in offered if each.can_write]
    shown = {
        "detail": detail,
        "peer": found,
        "errands": errands.newest_errands(found),
        "asked": asked,
        "readable": readable,
        "lags": _lags(detail.followed),
        "uses": looking.token_uses(detail.member),
        "confirm": forms.Confirm(),
        "credential": forms.CredentialThere(initial={"user": found.user}),
        "subscribe": forms.Subscribe(offered=readable),
        "push": forms.Push(offered=writable) if writable else None,
        "relay": forms.Relay(subscriptions=found.subscriptions.order_by("title")),
        "followed": list(zip(detail.followed, _answers(detail.followed), strict=True)),
    }
    return render(request, "web/peers/peer.html", shown)


def _answers(followed: Sequence[looking.Followed]) -> Iterator[forms.AnswersIn]:
    return forms.answers_for(each.inbox.answers_id for each in followed)


def _lags(followed: Sequence[looking.Followed]) -> list[tuple[str, SafeString]]:
    """For each subscription, how long after their making objects came."""
    came = looking.arrivals([each.inbox.pk for each in followed])
    return [
        (
            each.subscription.title,
            lag(
                [Delay(arrival.at, arrival.seconds) for arrival in came[each.inbox.pk]],
                key=f"lag-{number}",
                title=f"{each.subscription.title}: from change to arrival",
            ),
        )
        for number, each in enumerate(followed)
        if came[each.inbox.pk]
    ]


# --- Acts ----------------------------------------------------------------------------------------


@require_POST
def confirm(request: HttpRequest, number: UUID) -> HttpResponse:
    """Pin it, if what its operator said is what this node read."""
    found, form = get_object_or_404(Peer, pk=number), forms.Confirm(request.POST)
    actor = signed_in(request).get_username()

    def act() -> str:
        if administration.confirm(found, form.cleaned_data["fingerprint"], actor):
            return f"{found.name} is confirmed: its keys are pinned."
        return f"A worker reads {found.name} again, and then compares."

    if form.is_valid():
        attempt(request, act)
    else:
        refuse_form(request, form)
    return back(request, "peer", number)


@require_POST
def credential(request: HttpRequest, number: UUID) -> HttpResponse:
    """What this node shows at its doors."""
    found, form = get_object_or_404(Peer, pk=number), forms.CredentialThere(request.POST)
    if not form.is_valid():
        refuse_form(request, form)
        return redirect("peer", number)
    said, actor = form.cleaned_data, signed_in(request).get_username()

    def act() -> str:
        administration.set_credential(found, said["user"], said["key"], actor)
        return f"The credential for {found.name} is kept, sealed."

    attempt(request, act)
    return redirect("peer", number)


@require_POST
def send(request: HttpRequest, number: UUID, kind: str) -> HttpResponse:
    """Send a worker: to read it again, to ask what it offers, to look at quarantine again."""
    found = get_object_or_404(Peer, pk=number)
    errands.ask(ErrandKind(kind), signed_in(request).get_username(), peer=found)
    return redirect("peer", number)


@require_POST
def subscribe(request: HttpRequest, number: UUID) -> HttpResponse:
    """Pull what was ticked; a worker makes sure of the logs first."""
    found = get_object_or_404(Peer, pk=number)
    _, offered = errands.offers(found)
    form = forms.Subscribe(request.POST, offered=[each for each in offered if each.can_read])
    if form.is_valid():
        actor = signed_in(request).get_username()
        errands.ask(ErrandKind.SUBSCRIBE, actor, peer=found, **form.arguments())
    else:
        refuse_form(request, form)
    return redirect("peer", number)


@require_POST
def relay(request: HttpRequest, number: UUID) -> HttpResponse:
    """Republish what comes from it; a worker goes through what has come already."""
    found = get_object_or_404(Peer, pk=number)
    form = forms.Relay(request.POST, subscriptions=found.subscriptions.all())
    if form.is_valid():
        errands.ask(
            ErrandKind.RELAY,
            signed_in(request).get_username(),
            peer=found,
            subscription=str(form.cleaned_data["subscription"].pk),
            target=str(form.cleaned_data["target"].pk),
        )
    else:
        refuse_form(request, form)
    return redirect("peer", number)


@require_POST
def push(request: HttpRequest, number: UUID) -> HttpResponse:
    """Deliver an own collection to one of its."""
    found = get_object_or_404(Peer, pk=number)
    _, offered = errands.offers(found)
    form = forms.Push(request.POST, offered=[each for each in offered if each.can_write])
    if form.is_valid():
        errands.ask(
            ErrandKind.PUSH,
            signed_in(request).get_username(),
            peer=found,
            collection=str(form.cleaned_data["collection"].pk),
            url=form.cleaned_data["url"],
        )
    else:
        refuse_form(request, form)
    return redirect("peer", number)


@require_POST
def change_state(request: HttpRequest, number: UUID, to: str) -> HttpResponse:
    """Hold it off, let it in again, or go."""
    found, form = get_object_or_404(Peer, pk=number), forms.Reason(request.POST)
    state, said = _STATES[to]
    if not form.is_valid():
        refuse_form(request, form)
        return redirect("peer", number)

    def act() -> str:
        actor = signed_in(request).get_username()
        administration.change_state(found, state, form.cleaned_data["reason"], actor)
        return f"{found.name} {said}"

    attempt(request, act)
    return redirect("peer", number)


@require_POST
def unfreeze(request: HttpRequest, number: UUID) -> HttpResponse:
    """Go on with it, now that a person has looked."""
    found = get_object_or_404(Peer, pk=number)

    def act() -> str:
        administration.let_go_on(found, signed_in(request).get_username())
        return f"{found.name} is followed again; what still contradicts itself stops it anew."

    attempt(request, act)
    return redirect("peer", number)


@require_POST
def pull(request: HttpRequest, number: UUID) -> HttpResponse:
    """Pull now: workers do, and the page shows how far they are."""
    found = get_object_or_404(Peer, pk=number)

    def act() -> str:
        count = administration.pull_now(found, signed_in(request).get_username())
        return f"Workers pull {count} collection{'' if count == 1 else 's'} of {found.name}."

    attempt(request, act)
    return redirect("peer", number)


@require_POST
def change_subscription(request: HttpRequest, number: UUID, subscription: UUID) -> HttpResponse:
    """Pause it, go on with it, or choose where answers are published."""
    rows = Subscription.objects.select_related("peer")
    found = get_object_or_404(rows, pk=subscription, peer=number)
    actor, act = signed_in(request).get_username(), request.POST.get("act", "")
    form = forms.AnswersIn(request.POST)
    if act == "pause":
        administration.pause(found, actor)
    elif act == "go on":
        administration.go_on(found, actor)
    elif act == "answers" and form.is_valid():
        administration.answer_in(found, form.cleaned_data["answers"], actor)
    else:
        refuse_form(request, form)
    return redirect("peer", number)
