"""Submissions as they were typed: kept so, right or wrong, and shown so again."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django import forms
from django.http import QueryDict

from indicators.web.forms.claims import CLAIMS, MOST_CLAIMS, ClaimForm

_NOT_KEPT = {"csrfmiddlewaretoken", "act", "pasted", "shown"}


def typed(posted: QueryDict) -> bytes:
    """The form's fields as they were typed."""
    kept = {name: values for name, values in posted.lists() if name not in _NOT_KEPT}
    return json.dumps(kept).encode()


def read_typed(content: bytes) -> QueryDict:
    """What was typed, as a form takes it."""
    held = QueryDict(mutable=True)
    for name, values in (json.loads(content) if content else {}).items():
        held.setlist(name, values)
    return held


def version_of(content: bytes) -> str:
    """What a page says that it shows, so that a save can be told from one that knows less."""
    return sha256(content).hexdigest()[:16]


def knows(posted: QueryDict) -> Callable[[bytes], bool]:
    """Whether the page that was posted knows what is held: it showed it, or saved it itself."""
    page, shown = posted.get("page"), posted.get("shown")

    def known(held: bytes) -> bool:
        return not page or shown == version_of(held) or read_typed(held).get("page") == page

    return known


def name_of(content: bytes) -> str:
    """The name that was typed, "" for none."""
    return read_typed(content).get("name", "") or ""


def initial_of(form: type[forms.Form], data: QueryDict, prefix: str = "") -> dict[str, Any]:
    """What was typed, as initial values: a form that nobody asked to be checked shows no errors."""
    start = f"{prefix}-" if prefix else ""
    return {
        name: field.widget.value_from_datadict(data, {}, start + name)
        for name, field in form.base_fields.items()
        if start + name in data
    }


def initial_claims(data: QueryDict) -> list[dict[str, Any]]:
    """The claims that were typed and not emptied."""
    found = [initial_of(ClaimForm, data, f"{CLAIMS}-{each}") for each in range(MOST_CLAIMS)]
    return [each for each in found if each.get("organization")]
