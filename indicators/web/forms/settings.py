"""Forms of the settings: clients, detectors, the allow list, the organization itself."""

import re
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django import forms

from indicators.detections.identifiers import allowlist
from indicators.models import Collection, Detector, Member, Policy, Scope, Sector, State
from indicators.models.objects import TLP_CHOICES
from indicators.pipeline.administration.clients import Terms
from indicators.stix import Tlp

_HEX = re.compile("[0-9a-f]{64}")
_OF_A_DETECTOR = {Scope.INGEST, Scope.FEEDBACK}


class Organization(forms.Form):
    """Whose node this is."""

    name = forms.CharField(
        label="Organization", max_length=200, help_text="As other members know it."
    )
    sector = forms.ChoiceField(label="Sector", choices=Sector.choices)


class NewClient(forms.Form):
    """A program that may knock, what it may do, and for how long."""

    name = forms.CharField(
        label="Name", max_length=100, help_text="Its user name at the door; shown in logs."
    )
    member = forms.ModelChoiceField(
        queryset=Member.objects.none(),
        label="Organization",
        empty_label=None,
        help_text="Whose program it is.",
    )
    scopes = forms.MultipleChoiceField(
        label="Doors that it opens",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.FEED],
    )
    detector = forms.ModelChoiceField(
        queryset=Detector.objects.none(),
        label="Detector that it speaks for",
        required=False,
        empty_label="None",
        help_text="Detections and feedback come from a detector.",
    )
    days = forms.IntegerField(
        label="Expires after days", required=False, min_value=1, max_value=3650
    )
    public_key = forms.CharField(
        label="Public key of signed requests",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="Ed25519 (RFC 9421): in PEM, or 64 hexadecimal digits.",
    )
    must_sign = forms.BooleanField(label="Refuse its unsigned requests", required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        members = Member.objects.exclude(state=State.LEFT).order_by("-is_self", "name")
        self.fields["member"].queryset = members  # type: ignore[attr-defined]
        self.fields["detector"].queryset = Detector.objects.all()  # type: ignore[attr-defined]

    def clean_public_key(self) -> bytes | None:
        """32 bytes, None for none."""
        given = self.cleaned_data["public_key"].strip()
        return _public_key(given) if given else None

    def clean(self) -> dict[str, Any]:
        """What is sent for a detector names it."""
        said = super().clean() or {}
        if _OF_A_DETECTOR.intersection(said.get("scopes", ())) and not said.get("detector"):
            self.add_error("detector", "Choose the detector that it speaks for.")
        if said.get("must_sign") and not said.get("public_key"):
            self.add_error("public_key", "Whoever must sign needs a public key.")
        return said

    def terms(self) -> Terms:
        """As the pipeline takes them."""
        said = self.cleaned_data
        return Terms(
            said["scopes"], said["detector"], said["days"], said["public_key"], said["must_sign"]
        )


class DetectorForm(forms.Form):
    """What becomes of a detector's findings."""

    policy = forms.ChoiceField(
        label="What becomes of its drafts",
        choices=Policy.choices,
        initial=Policy.REVIEW,
        widget=forms.RadioSelect,
    )
    collection = forms.ModelChoiceField(
        queryset=Collection.objects.none(),
        label="Published in",
        required=False,
        empty_label="Nowhere yet: its drafts wait",
    )
    tlp = forms.TypedChoiceField(
        label="Marking", choices=TLP_CHOICES, coerce=int, initial=Tlp.GREEN.rank
    )
    version = forms.CharField(label="Its own version", max_length=64, required=False)
    false_positive_rate = forms.FloatField(
        label="False-positive rate",
        required=False,
        min_value=0,
        max_value=1,
        help_text="As measured by its makers, 0 to 1.",
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        own = Collection.objects.filter(is_inbox=False).order_by("title")
        self.fields["collection"].queryset = own  # type: ignore[attr-defined]


class NewDetector(DetectorForm):
    """A detector service that this node will hear."""

    name = forms.RegexField(
        r"^[a-z0-9][a-z0-9._-]{0,63}$",
        label="Name",
        help_text="Lower-case letters, digits, and . _ - between them.",
    )
    field_order = ("name", "policy", "collection", "tlp", "version", "false_positive_rate")


class AllowForm(forms.Form):
    """Whose identifiers are never shared and never matched: one, or many lines."""

    lines = forms.CharField(
        label="Identifiers",
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One a line, or “kind, value”. @example.org stands for all its addresses, and a"
        " network is written as 192.0.2.0/24.",
    )
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[
            ("", "Recognize what can be recognized"),
            *((kind, kind) for kind in allowlist.KINDS),
        ],
    )
    region = forms.RegexField(
        r"^[A-Z]{2}$",
        label="Country of phone numbers",
        required=False,
        help_text="ISO 3166, for numbers in national form: DE, JP, US.",
    )
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        help_text="Whose they are and why. Analysts see this, never the identifiers.",
    )


def _public_key(given: str) -> bytes:
    """From PEM, or from hexadecimal digits."""
    if _HEX.fullmatch(given):
        return bytes.fromhex(given)
    try:
        key = load_pem_public_key(given.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise forms.ValidationError("This is no public key in PEM.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise forms.ValidationError("This is not an Ed25519 key; make one for signed requests.")
    return key.public_bytes_raw()
