"""Who may get referral packs, and up to which marking."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from indicators.models import Recipient
from indicators.pipeline import referring
from indicators.web.forms.referrals import RecipientChangeForm, RecipientForm
from indicators.web.pages import signed_in

_MOST = 500


@require_http_methods(["GET", "HEAD", "POST"])
def recipients(request: HttpRequest) -> HttpResponse:
    """All of them, and a form for one more."""
    form = RecipientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = referring.add_recipient(**form.cleaned_data, by=signed_in(request))
        messages.success(request, f"{made.name} may get packs now.")
        return redirect("recipients")
    context = {"form": form, "recipients": Recipient.objects.all()[:_MOST]}
    return render(request, "web/referrals/recipients.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def recipient(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change where one is reached, and what it may get."""
    row = get_object_or_404(Recipient, pk=pk)
    held = {"address": row.address, "max_tlp": row.max_tlp}
    form = RecipientChangeForm(request.POST or None, initial=held)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        referring.change_recipient(row, given["address"], given["max_tlp"], signed_in(request))
        messages.success(request, f"{row.name} is changed. Packs that were made stay as they are.")
        return redirect("recipients")
    return render(request, "web/referrals/recipient.html", {"form": form, "recipient": row})
