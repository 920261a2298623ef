"""What became of a POST, for the member who sent it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from indicators import access
from indicators.models import Status
from indicators.taxii import resources
from indicators.taxii.door import door, json_answer
from indicators.taxii.errors import Refused


@door("GET")
def status(request: HttpRequest, caller: access.Caller, status_id: UUID) -> HttpResponse:
    found = Status.objects.filter(pk=status_id, member=caller.member).first()
    if found is None:
        raise Refused(404, "There is no such status for you; statuses are kept for some days.")
    return json_answer(resources.status(found))
