"""Acts of administrators' pages: done, or refused in a sentence, and answered by a redirect."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect

from federation.errors import FederationError
from indicators.detections.errors import DetectionError
from indicators.store.errors import StoreError

#: What a person may have asked for, and is refused with the cure; anything else is a defect.
REFUSALS = (FederationError, StoreError, DetectionError, ValidationError)
_FIRST_RUN = "first-run"


def attempt(request: HttpRequest, act: Callable[[], str]) -> bool:
    """Do it and say what was done, or say why not; whether it was done."""
    try:
        said = act()
    except REFUSALS as refusal:
        messages.error(request, sentence(refusal))
        return False
    messages.success(request, said)
    return True


def sentence(refusal: Exception) -> str:
    """What a person reads of it."""
    if isinstance(refusal, ValidationError):
        return " ".join(refusal.messages)
    return str(refusal)


def refuse_form(request: HttpRequest, form: BaseForm) -> None:
    """Say what is wrong with a small form whose page is shown anew."""
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        for each in errors:
            messages.error(request, f"{label}: {each}" if label else str(each))


def status_of(form: BaseForm) -> int:
    """Of the page with a form: 422 if it was sent, and is shown again with its errors."""
    return 422 if form.is_bound else 200


def whole_address(request: HttpRequest, path: str) -> str:
    """As others reach it: a proxy may show this node another name than they use."""
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    return f"{base}{path}"


def back(request: HttpRequest, to: str, *args: object) -> HttpResponseRedirect:
    """To the page, or to the first run if that is where the form was filled in."""
    if request.POST.get("next") == _FIRST_RUN:
        return redirect(_FIRST_RUN)
    return redirect(to, *args)
