"""Claims about who is behind a campaign, as people type them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django import forms
from django.core.validators import URLValidator

from indicators.detections.stated import Claim
from indicators.models import Member
from indicators.stix import schema
from indicators.web.forms.fields import choice_of, present

MOST_CLAIMS = 10
CLAIMS = "claims"
_HONORIFICS = ("mr ", "mrs ", "ms ", "dr ", "prof ", "mr. ", "mrs. ", "ms. ", "dr. ", "prof. ")


class ClaimForm(forms.Form):
    """Who is said to be behind it. An empty organization is no claim."""

    organization = forms.CharField(
        label="Organization",
        max_length=100,
        required=False,
        help_text="Never a person. Empty it to take the claim out.",
    )
    claimed_by = forms.CharField(
        label="Claimed by",
        max_length=100,
        required=False,
        help_text="Left empty: this organization.",
        widget=forms.TextInput(attrs={"list": "members", "autocomplete": "off"}),
    )
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[(each, each) for each in ("alleged", "disputed", "retracted")],
    )
    basis = forms.MultipleChoiceField(
        label="Basis",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            choice_of(each)
            for each in schema("attribution-claim")["properties"]["basis"]["items"].get(
                "x-open-vocab", schema("attribution-claim")["properties"]["basis"]["x-open-vocab"]
            )
        ],
    )
    confidence = forms.IntegerField(
        label="Their confidence, 0 to 100",
        min_value=0,
        max_value=100,
        required=False,
    )
    grade = forms.RegexField(
        r"^[A-Fa-f][1-6]$",
        label="Source grade, A1 to F6",
        required=False,
        strip=True,
    )
    source = forms.CharField(
        label="Source, where it was said",
        max_length=200,
        required=False,
    )
    address = forms.URLField(
        label="Its address",
        max_length=2000,
        required=False,
        assume_scheme="https",
        validators=[URLValidator(["http", "https"])],
        error_messages={"invalid": "Write an address that begins with https:// or http://."},
    )
    claimed_on = forms.DateField(
        label="Date of the claim", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_organization(self) -> str:
        return _no_person(self.cleaned_data["organization"])

    def clean_claimed_by(self) -> str:
        return _no_person(self.cleaned_data["claimed_by"])

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        if told.get("organization"):
            if not told.get("basis"):
                self.add_error("basis", "Say what it rests on, or that it is not stated.")
            if not (told.get("source") or told.get("address")):
                self.add_error("source", "Say where it can be read, or that it is our own.")
        return told

    def claim(self, own: Member, members: Mapping[str, Member]) -> Claim:
        told = self.cleaned_data
        name = told["claimed_by"] or own.name
        known = members.get(name.casefold())
        party = {"name": known.name, "identity_id": known.identity_id} if known else {"name": name}
        date = told["claimed_on"]
        return msgspec.convert(
            present(
                organization=told["organization"],
                claimed_by=party,
                status=told["status"] or "alleged",
                basis=told["basis"],
                confidence=told["confidence"],
                grade=told["grade"].upper(),
                source=told["source"],
                address=told["address"],
                claimed_on=date.isoformat() if date else None,
            ),
            Claim,
        )


ClaimForms = forms.formset_factory(ClaimForm, extra=1, max_num=MOST_CLAIMS, absolute_max=20)


def known_members() -> dict[str, Member]:
    """Every member by its folded name."""
    return {each.name.casefold(): each for each in Member.objects.all()}


def _no_person(name: str) -> str:
    if name.casefold().startswith(_HONORIFICS) or "@" in name:
        raise forms.ValidationError("This looks like a person; name an organization.")
    return " ".join(name.split())
