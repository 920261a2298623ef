"""What a person was told without having asked, and how they want to be told."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from indicators.models import Digest
from indicators.notices import inbox as notices
from indicators.web.forms.notices import ChoicesForm, place_of
from indicators.web.keyset import Beside
from indicators.web.pages import signed_in


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Notices, the newest first."""
    found = notices.read_page(signed_in(request), place_of(request.GET.get("before", "")))
    older = urlencode({"before": found.older}) if found.older else ""
    shown = {
        "page": found,
        "pages": Beside(older=older),
        "is_first": "before" not in request.GET,
        "has_unread": any(not each.is_read for each in found.entries),
    }
    return render(request, "web/notices/inbox.html", shown)


@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """One notice, or all of them."""
    try:
        ids = [int(each) for each in request.POST.getlist("notice")[:100] if len(each) < 19]
    except ValueError:
        raise BadRequest("No notice that this page could have named.") from None
    every = "all" in request.POST
    notices.mark_read(signed_in(request), datetime.now(UTC), None if every else ids)
    return redirect("notices")


@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """Which causes, and whether by mail."""
    person = signed_in(request)
    known = notices.choices(person)
    form = ChoicesForm(known, request.POST if request.method == "POST" else None)
    if form.is_valid():
        wanted = Digest(form.cleaned_data["digest"])
        notices.choose(person, wanted, form.causes, datetime.now(UTC))
        messages.success(request, "Kept.")
        return redirect("notices-choices")
    shown = {"form": form, "has_mail": bool(settings.EMAIL_HOST), "address": person.email}
    return render(request, "web/notices/choices.html", shown, status=422 if form.is_bound else 200)
