"""The key-holder's door: members whose credential has the scope, and who sign what they send."""

from dataclasses import replace
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from federation.pseudonyms.views import View
from indicators import access
from indicators.models import Scope

_CHALLENGE = 'Basic realm="keyholder", charset="UTF-8", Bearer realm="keyholder"'


def guard(view: View) -> View:
    """Let a view of the key-holder see only signed requests of members that may have tokens made.

    Quotas are counted by member, whatever number of credentials it has.
    """

    @wraps(view)
    def enter(request: HttpRequest) -> HttpResponseBase:
        try:
            caller = access.identify(request, Scope.TOKENS)
            # Between nodes every request is signed (RFC 9421), whatever a credential allows.
            access.verify_signed(request, replace(caller, must_sign=True), request.body)
        except access.NotAuthenticated as refusal:
            plain = "text/plain; charset=utf-8"
            response = HttpResponse(f"{refusal}\n", content_type=plain, status=401)
            response["WWW-Authenticate"] = _CHALLENGE
            return response
        return view(request, member=str(caller.member.pk))

    return enter
