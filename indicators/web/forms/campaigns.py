"""What of the campaigns is shown: everything is in the address, so that it can be kept."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from indicators.catalog.campaigns import Query
from indicators.stix import schema

_STATUSES = schema("distillation-campaign")["properties"]["allegation_status"]["enum"]
_CAPABILITIES = schema("distillation-campaign")["properties"]["capability_targets"]["x-open-vocab"]
_WHOSE = {"own": True, "others": False}
_LAST = 2**63 - 1


class CampaignFilter(forms.Form):
    """Filters, and the place in the list (`before` or `after` a campaign's number)."""

    text = forms.CharField(label="Name", required=False, max_length=200)
    capability = forms.CharField(
        label="Capability",
        required=False,
        max_length=64,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*$", "Terms are words with hyphens.")],
        widget=forms.Select(choices=[("", "Any"), *((each, each) for each in _CAPABILITIES)]),
    )
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "Any"), *((each, each) for each in _STATUSES)],
    )
    whose = forms.ChoiceField(
        label="Shared by",
        required=False,
        choices=[("", "Anyone"), ("own", "This node"), ("others", "Others")],
    )
    revoked = forms.BooleanField(label="Also revoked ones", required=False)
    before = forms.IntegerField(
        required=False, min_value=0, max_value=_LAST, widget=forms.HiddenInput
    )
    after = forms.IntegerField(
        required=False, min_value=0, max_value=_LAST, widget=forms.HiddenInput
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")
        term = data.get("capability", "")
        if term and term not in _CAPABILITIES:  # the vocabulary is open
            self.fields["capability"].widget.choices.append((term, term))

    def query(self) -> Query:
        """Once it is valid."""
        said = self.cleaned_data
        return Query(
            text=said["text"],
            capability=said["capability"],
            status=said["status"],
            own=_WHOSE.get(said["whose"]),
            revoked=said["revoked"],
            before=said["before"],
            after=said["after"],
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the place is asked for."""
        names = ("text", "capability", "status", "whose", "revoked")
        return any(self.cleaned_data.get(name) for name in names)
