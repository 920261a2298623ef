"""The door of every ingest request: authenticate, meter, read, then one function."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.views import APIView

from indicators import access
from indicators.ingest import body, limits
from indicators.ingest.errors import Refused, answer
from indicators.models import Detector, Scope


class Door(APIView):
    """A view that sees only requests of a known caller, within its limits, bodies in hand."""

    authentication_classes = ()
    permission_classes = ()
    http_method_names = ("get", "head", "post")
    scope: ClassVar[Scope]
    caller: access.Caller
    body: bytes

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        http = request._request
        self.caller = access.identify(http, self.scope)
        limits.take_request(self.caller.credential_id)
        if http.method not in self.allowed_methods:
            return  # and DRF refuses
        self.body = body.read(http) if http.method == "POST" else b""
        access.verify_signed(http, self.caller, self.body)

    def handle_exception(self, exc: Exception) -> Any:
        return answer(exc)


def own_detector(caller: access.Caller) -> Detector:
    """The detector that the caller's credential speaks for."""
    if caller.detector_id is None:
        raise Refused(
            403, "This credential speaks for no detector; an administrator can give it one."
        )
    return Detector.objects.get(pk=caller.detector_id)


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    return answer(Refused(404, "There is nothing here; see /ingest/v1/docs/."))
