"""How people want to be told, and which programs are."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict

from indicators.models import Cause, Digest
from indicators.notices import messages
from indicators.notices.inbox import Choices
from indicators.web.forms.fields import moment

_DIGESTS = {
    Digest.OFF: "Never",
    Digest.DAILY: "In the morning, if there is anything unread",
    Digest.WEEKLY: "On Monday mornings, if there is anything unread",
}


class ChoicesForm(forms.Form):
    """What makes a notice, and whether it comes by mail."""

    told = forms.MultipleChoiceField(
        label="Tell me here when", required=False, widget=forms.CheckboxSelectMultiple
    )
    digest = forms.ChoiceField(
        label="Send me mail",
        choices=list(_DIGESTS.items()),
        widget=forms.RadioSelect,
        help_text="It holds counts and links, nothing else.",
    )

    def __init__(self, known: Choices, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"told": list(known.told), "digest": known.digest})
        field = self.fields["told"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - as declared above
        field.choices = [(cause.value, messages.CAUSES[cause]) for cause in known.concerned]

    @property
    def causes(self) -> list[Cause]:
        """What was chosen in a valid form."""
        return [Cause(each) for each in self.cleaned_data["told"]]


class WebhookForm(forms.Form):
    """A program that is to be told."""

    url = forms.CharField(
        label="Address", max_length=500, widget=forms.URLInput(attrs={"autocomplete": "off"})
    )
    events = forms.MultipleChoiceField(
        label="Tell it when",
        choices=[(cause.value, words) for cause, words in messages.FOR_PROGRAMS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    allow_private = forms.BooleanField(
        label="It is in our own network",
        required=False,
        help_text="Allows http, loopback and private addresses; link-local ones never.",
    )

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        told["events"] = [Cause(each) for each in told.get("events", ())]
        return told


def place_of(text: str) -> tuple[datetime, int] | None:
    """Where a page of notices begins; nothing for what is no place."""
    at, _, number = text.partition("_")
    try:
        return (moment(at), int(number)) if len(number) < 19 else None
    except ValueError:
        return None
