"""Who may read a log: whoever may read its collection."""

from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase

from federation.views import View
from indicators.taxii.door import identify, readable
from indicators.taxii.errors import answer


def guard(view: View) -> View:
    """Let a log's view see only callers that may read the collection of that log."""

    @wraps(view)
    def enter(request: HttpRequest, log_id: UUID, **path: Any) -> HttpResponseBase:
        try:
            readable(identify(request), str(log_id))
        except Exception as error:  # the same answers as at the TAXII door
            return answer(error)
        return view(request, log_id=log_id, **path)

    return enter
