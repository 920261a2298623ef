"""What a reviewer types and chooses."""

from datetime import datetime
from uuid import UUID

from django import forms
from django.http import QueryDict

from indicators.pipeline.desk.reviewing import Chosen
from indicators.web.forms.fields import moment

_WORDS = 4_000


class DecisionForm(forms.Form):
    """What becomes of a draft. Which draft it is says the address that it is sent to."""

    APPROVE, RETURN, REJECT = "approve", "return", "reject"

    decision = forms.ChoiceField(
        choices=[(APPROVE, "Approve"), (RETURN, "Ask for changes"), (REJECT, "Reject")],
        error_messages={"required": "Choose what becomes of it."},
    )
    reason = forms.CharField(
        required=False,
        max_length=_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stays here. Needed to ask for changes and to reject: its author reads it.",
    )
    # Who gets it, as the page said; who approves it approves that, too.
    readers = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict[str, object]:
        told: dict[str, object] = super().clean() or {}
        if told.get("decision") in (self.RETURN, self.REJECT) and not told.get("reason"):
            self.add_error("reason", "Say why: its author reads it.")
        return told


class RemarkForm(forms.Form):
    """Something to say to who else looks at it."""

    text = forms.CharField(
        label="Add to the discussion",
        max_length=_WORDS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For reviewers and its author; it never leaves this node.",
    )


class ChosenForm(forms.Form):
    """Which of a draft's objects to show; what is not understood shows all."""

    type = forms.CharField(required=False, max_length=100)
    change = forms.ChoiceField(
        required=False, choices=[(each, each) for each in ("", "new", "changed", "revoked")]
    )
    object = forms.CharField(required=False, max_length=300)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)


def chosen(query: QueryDict) -> Chosen:
    """What the address asks for."""
    form = ChosenForm(query)
    form.is_valid()
    told = form.cleaned_data
    return Chosen(
        type=told.get("type") or "",
        change=told.get("change") or "",
        object=told.get("object") or "",
        page=told.get("page") or 1,
    )


class PlaceForm(forms.Form):
    """Where a page of the queue begins."""

    since = forms.CharField(max_length=40)
    after = forms.UUIDField()

    def clean_since(self) -> datetime:
        try:
            return moment(self.cleaned_data["since"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


def place(query: QueryDict) -> tuple[datetime, UUID] | None:
    """Where the page begins: at the start if the address says nothing that can be understood."""
    form = PlaceForm(query)
    return (form.cleaned_data["since"], form.cleaned_data["after"]) if form.is_valid() else None
