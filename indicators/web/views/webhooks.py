"""Programs that are told by signed messages."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from indicators.models import Cause
from indicators.notices import webhooks
from indicators.notices.errors import WebhookRefused
from indicators.notices.messages import FOR_PROGRAMS
from indicators.web.forms.notices import WebhookForm
from indicators.web.pages import signed_in


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Every webhook; a new one shows its secret, once."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            number, secret = webhooks.add(
                form.cleaned_data["url"],
                form.cleaned_data["events"],
                signed_in(request),
                datetime.now(UTC),
                allow_private=form.cleaned_data["allow_private"],
            )
        except WebhookRefused as refusal:
            form.add_error("url", str(refusal))
        else:
            return _secret(request, number, secret)
    rows = [(each, _told(each.webhook.events)) for each in webhooks.listed()]
    shown = {"form": form, "rows": rows}
    return render(request, "web/notices/webhooks.html", shown, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, number: UUID) -> HttpResponse:
    """One webhook: what it was told, and what an administrator does with it."""
    try:
        found, dispatches = webhooks.log_of(number)
        if request.method == "POST":
            return _act(request, number, request.POST.get("act", ""))
    except WebhookRefused as absent:
        raise Http404(str(absent)) from absent
    rows = [(each, FOR_PROGRAMS[Cause(each.event)]) for each in dispatches]
    shown = {"webhook": found, "rows": rows, "told": _told(found.events)}
    return render(request, "web/notices/webhook.html", shown)


def _act(request: HttpRequest, number: UUID, act: str) -> HttpResponse:
    person = signed_in(request)
    if act == "renew":
        return _secret(request, number, webhooks.renew_secret(number, person))
    if act == "enable":
        webhooks.enable(number, person)
        messages.success(request, "It is told again, from now on.")
    elif act == "disable":
        webhooks.disable(number, person.get_username(), datetime.now(UTC))
        messages.success(request, "It is told nothing more.")
    elif act == "remove":
        webhooks.remove(number, person)
        messages.success(request, "Removed.")
        return redirect("webhooks")
    else:
        raise BadRequest("Nothing that this page could have asked for.")
    return redirect("webhook", number=number)


def _secret(request: HttpRequest, number: UUID, secret: str) -> HttpResponse:
    """Shown in the answer itself: it is nowhere else, and no address leads to it."""
    return render(request, "web/notices/secret.html", {"number": number, "secret": secret})


def _told(events: list[str]) -> list[str]:
    return [FOR_PROGRAMS[Cause(each)] for each in events]
