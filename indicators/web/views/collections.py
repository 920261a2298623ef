"""Collections: what is shared, for whom, how far its readers are; and the members."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from federation.models import Peer
from indicators.models import Audience, Collection, Member, Relay, State
from indicators.pipeline.administration import collections as administration
from indicators.pipeline.administration import organizations, shelves
from indicators.web.acting import REFUSALS, attempt, back, refuse_form, sentence, status_of
from indicators.web.forms import collections as forms
from indicators.web.pages import signed_in

_FORM = ["GET", "HEAD", "POST"]


@require_safe
def collections(request: HttpRequest) -> HttpResponse:
    """This node's own, and the inboxes of what peers send."""
    found = shelves.shelves()
    shown = {
        "own": [each for each in found if not each.is_inbox],
        "inboxes": [each for each in found if each.is_inbox],
    }
    return render(request, "web/collections/collections.html", shown)


@require_http_methods(_FORM)
def new(request: HttpRequest) -> HttpResponse:
    """Open a collection, its audience explained by who is in it."""
    form = forms.NewCollection(request.POST or None, reaches=administration.reaches())
    if request.method == "POST" and form.is_valid():
        actor = signed_in(request).get_username()
        try:
            made = administration.open_shared(actor, **form.facts())
        except REFUSALS as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return back(request, "collection", made.pk)
    return render(request, "web/collections/new.html", {"form": form}, status=status_of(form))


@require_safe
def collection(request: HttpRequest, number: UUID) -> HttpResponse:
    """One collection: who may read it, how far they are, and its log."""
    return _page(request, number)


def _page(
    request: HttpRequest, number: UUID, describe: forms.Described | None = None
) -> HttpResponse:
    found = get_object_or_404(Collection.objects.select_related("answers"), pk=number)
    welcome = [] if found.is_inbox else administration.may_be_granted(found)
    form = forms.GrantForm()
    form.fields["member"].choices = [(each.pk, each.name) for each in welcome]  # type: ignore[attr-defined]
    shown = {
        "collection": found,
        "ceiling": Audience(found.audience).ceiling,
        "detail": shelves.detail(found),
        "grant": form if welcome else None,
        "describe": describe or forms.Described(initial=forms.readable(found)),
    }
    status = status_of(describe) if describe else 200
    return render(request, "web/collections/collection.html", shown, status=status)


@require_POST
def describe(request: HttpRequest, number: UUID) -> HttpResponse:
    """Another title, description, alias or rule about signatures."""
    found, form = _own(number), forms.Described(request.POST)
    if not form.is_valid():
        return _page(request, number, form)
    try:
        administration.describe(found, signed_in(request).get_username(), **form.facts())
    except REFUSALS as refusal:
        form.add_error(None, sentence(refusal))
        return _page(request, number, form)
    messages.success(request, f"{found.title} is described anew.")
    return redirect("collection", number)


@require_POST
def grant(request: HttpRequest, number: UUID) -> HttpResponse:
    """Let a member read it, or write it."""
    found, form = _own(number), forms.GrantForm(request.POST)
    if not form.is_valid():
        refuse_form(request, form)
        return redirect("collection", number)
    said = form.cleaned_data

    def act() -> str:
        administration.grant(
            found,
            said["member"],
            signed_in(request).get_username(),
            can_read=said["can_read"],
            can_write=said["can_write"],
        )
        return f"{said['member'].name} has access to {found.title}."

    attempt(request, act)
    return redirect("collection", number)


@require_POST
def revoke(request: HttpRequest, number: UUID, member: UUID) -> HttpResponse:
    """Take a member's access away."""
    found, whose = _own(number), get_object_or_404(Member, pk=member)

    def act() -> str:
        administration.revoke(found, whose, signed_in(request).get_username())
        return f"{whose.name} has no access to {found.title} any more; what it read it keeps."

    attempt(request, act)
    return redirect("collection", number)


@require_POST
def end_relay(request: HttpRequest, number: UUID, relay: int) -> HttpResponse:
    """Republish nothing more from there."""
    rows = Relay.objects.select_related("inbox", "target")
    found = get_object_or_404(rows, pk=relay, target=number)
    title = found.inbox.title

    def act() -> str:
        administration.end_relay(found, signed_in(request).get_username())
        return f"Nothing more is relayed of “{title}”; what was relayed stays."

    attempt(request, act)
    return redirect("collection", number)


def _own(number: UUID) -> Collection:
    return get_object_or_404(Collection, pk=number, is_inbox=False)


# --- Members -------------------------------------------------------------------------------------


@require_safe
def members(request: HttpRequest) -> HttpResponse:
    """The organizations that exchange here."""
    return render(request, "web/collections/members.html", {"members": Member.objects.all()})


@require_http_methods(_FORM)
def new_member(request: HttpRequest) -> HttpResponse:
    """Add an organization."""
    form = forms.NewMember(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = signed_in(request).get_username()
        try:
            made = organizations.add_member(form.facts(), form.cleaned_data["identity"], actor)
        except REFUSALS as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return back(request, "member", made.pk)
    return render(
        request, "web/collections/new_member.html", {"form": form}, status=status_of(form)
    )


@require_http_methods(_FORM)
def member(request: HttpRequest, number: UUID) -> HttpResponse:
    """One organization: what this node knows of it, and what it may read."""
    found = get_object_or_404(Member, pk=number)
    began = {"name": found.name, "sector": found.sector, "reliability": found.reliability}
    form = forms.MemberForm(request.POST or None, initial=began)
    if request.method == "POST" and form.is_valid():
        actor = signed_in(request).get_username()
        try:
            organizations.describe_member(found, form.facts(), actor)
        except REFUSALS as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return back(request, "member", number)
    shown = {
        "member": found,
        "form": form,
        "state": forms.StateForm(initial={"state": found.state}),
        "peer": Peer.objects.filter(identity_id=found.identity_id).first(),
        "grants": found.grants.select_related("collection").order_by("collection__title"),
        "credentials": found.credentials.all(),
    }
    return render(request, "web/collections/member.html", shown, status=status_of(form))


@require_POST
def member_state(request: HttpRequest, number: UUID) -> HttpResponse:
    """Let it in, hold it off, or let it go."""
    found, form = get_object_or_404(Member, pk=number), forms.StateForm(request.POST)
    if not form.is_valid():
        refuse_form(request, form)
        return redirect("member", number)

    def act() -> str:
        said, actor = form.cleaned_data, signed_in(request).get_username()
        organizations.change_state(found, State(said["state"]), said["reason"], actor)
        return f"{found.name} is {found.state}."

    attempt(request, act)
    return redirect("member", number)
