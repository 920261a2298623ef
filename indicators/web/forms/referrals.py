"""What people fill in for a referral, its recipients and its permissions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms

from indicators.models import Member, Recipient, RecipientKind, ReferralState
from indicators.models.objects import TLP_CHOICES
from indicators.referrals.making import Wording
from indicators.referrals.report import LEGAL_BASES
from indicators.web.forms.fields import moment


class ReferralFilter(forms.Form):
    """Which referrals, and from where on; both places or none."""

    state = forms.ChoiceField(
        required=False, choices=[("", "Any state"), *((each, each.value) for each in ReferralState)]
    )
    campaign = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    at = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_at(self) -> datetime | None:
        """Where the page begins, if that is a time."""
        try:
            return moment(self.cleaned_data["at"])
        except ValueError:
            return None


class WordsForm(forms.Form):
    """What the author writes; it goes along as it is."""

    summary = forms.CharField(
        label="Summary for the recipient",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What happened, in your words. No names, addresses or account numbers.",
    )
    request = forms.CharField(
        label="What is asked of them",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    legal_basis = forms.MultipleChoiceField(
        label="Legal basis", choices=list(LEGAL_BASES.items()), widget=forms.CheckboxSelectMultiple
    )
    contact = forms.EmailField(
        label="Contact",
        max_length=200,
        help_text="Where the recipient can ask back: an address of your organization.",
    )

    def words(self) -> Wording:
        """What was filled in."""
        given = self.cleaned_data
        return Wording(
            given["summary"], given["request"], tuple(given["legal_basis"]), given["contact"]
        )


class ForRecipient(forms.Form):
    """Whom it is for."""

    recipient = forms.ModelChoiceField(Recipient.objects.all(), empty_label="Choose a recipient")


class PermissionForm(forms.Form):
    """An originator's word, as it was given."""

    originator = forms.ModelChoiceField(Member.objects.none(), empty_label="Choose who permitted")
    words = forms.CharField(
        label="How it was given",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="By whom there, when, and how it can be looked up.",
    )

    def __init__(self, *given: Any, originators: Iterable[str] = (), **more: Any) -> None:
        super().__init__(*given, **more)
        field: Any = self.fields["originator"]
        field.queryset = Member.objects.filter(identity_id__in=list(originators), is_self=False)


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label="Reason", max_length=1000, error_messages={"required": "Say why it is withdrawn."}
    )


class SentForm(forms.Form):
    """To whom, and how."""

    to = forms.CharField(
        label="Handed over to",
        max_length=500,
        help_text="Who took it, and by which way.",
        error_messages={"required": "Say to whom, and how it was handed over."},
    )


class RecipientForm(forms.Form):
    """Who may get packs, and up to which marking."""

    name = forms.CharField(max_length=200)
    kind = forms.ChoiceField(choices=RecipientKind.choices)
    address = forms.CharField(max_length=500, required=False)
    max_tlp = forms.TypedChoiceField(
        label="May get up to", choices=TLP_CHOICES, coerce=int, initial=1
    )

    def clean_name(self) -> str:
        """One of that name is enough."""
        name = str(self.cleaned_data["name"])
        if Recipient.objects.filter(name=name).exists():
            raise forms.ValidationError("There is a recipient of that name.")
        return name


class RecipientChangeForm(forms.Form):
    """Name and kind stay: packs were made for them."""

    address = forms.CharField(max_length=500, required=False)
    max_tlp = forms.TypedChoiceField(label="May get up to", choices=TLP_CHOICES, coerce=int)
