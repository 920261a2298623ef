"""What an analyst types of a campaign, and what it comes to.

A form is kept as it was typed, right or wrong; only what is prepared has to be right.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from django import forms

from indicators.detections.finding import Finding, Window
from indicators.detections.stated import Claim, Stated
from indicators.detections.submissions.pieces import Prepared
from indicators.models import Audience, Collection
from indicators.stix import Tlp, schema
from indicators.web.forms.fields import AmountField, UtcField, choice_of, present

PASTED = 600_000
_QUALIFIERS = [
    ("exact", "exactly"),
    ("approx", "about"),
    ("gt", "more than"),
    ("ge", "at least"),
    ("lt", "less than"),
    ("le", "at most"),
    ("order-of-magnitude", "in the order of"),
]
_COUNTS = ("interaction_count", "account_count", "output_token_count")
_TERMS = ("capability_targets", "elicitation_techniques", "training_purposes", "access_paths")
_LEGAL_BASES = [
    ("terms-of-service", "Terms of service"),
    ("contract", "Contract"),
    ("unfair-competition", "Unfair competition"),
    ("computer-fraud", "Computer fraud"),
    ("copyright", "Copyright"),
    ("other", "Other"),
]
_MODEL_PARTS = ("provider", "family", "model", "version")
_WINDOW_PARTS = ("start", "hours", "account_count", "request_count")
_MOST_LINES = 50
_MOST_OF_A_MODEL = 100


def _terms(label: str, field: str) -> forms.MultipleChoiceField:
    listed = schema("distillation-campaign")["properties"][field]["x-open-vocab"]
    return forms.MultipleChoiceField(
        label=label,
        choices=[choice_of(term) for term in listed],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


def _amount(label: str) -> AmountField:
    return AmountField(label=label, required=False)


def _qualifier() -> forms.ChoiceField:
    return forms.ChoiceField(label="How sure", choices=_QUALIFIERS, required=False)


def _as_reported() -> forms.CharField:
    return forms.CharField(label="As reported", max_length=500, required=False)


class SubmissionForm(forms.Form):
    """A campaign, and how it is to be shared."""

    name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="What peers will call it. No person's name.",
    )
    description = forms.CharField(
        label="What is known",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Shared as it is written, after somebody else has read it. No identifiers, no"
        " prompts, no names of people.",
    )
    allegation_status = forms.ChoiceField(
        label="Status of the allegation",
        required=False,
        choices=[
            (each, each)
            for each in schema("distillation-campaign")["properties"]["allegation_status"]["enum"]
        ],
    )
    confidence = forms.IntegerField(
        label="Confidence, 0 to 100",
        min_value=0,
        max_value=100,
        required=False,
    )
    capability_targets = _terms("Capabilities that were extracted", "capability_targets")
    elicitation_techniques = _terms("How they were elicited", "elicitation_techniques")
    training_purposes = _terms("What for", "training_purposes")
    access_paths = _terms("How access was had", "access_paths")
    model_targets = forms.CharField(
        label="Models",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "Alder, Leaf, leaf-4.5"}),
        help_text="One a line: provider, family, model, version. The provider is enough.",
    )
    interaction_count = _amount("Interactions")
    interaction_count_qualifier = _qualifier()
    interaction_count_as_reported = _as_reported()
    account_count = _amount("Accounts")
    account_count_qualifier = _qualifier()
    account_count_as_reported = _as_reported()
    output_token_count = _amount("Output tokens")
    output_token_count_qualifier = _qualifier()
    output_token_count_as_reported = _as_reported()
    first_seen = UtcField(label="First seen (UTC)")
    last_seen = UtcField(label="Last seen (UTC)")
    windows = forms.CharField(
        label="Windows of traffic",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "2026-02-27T00:00, 24, 312, 61240"}),
        help_text="One a line: start (UTC), hours, accounts, requests. Windows of few accounts"
        " stay here: they would tell of single people.",
    )
    legal_basis = forms.MultipleChoiceField(
        label="Legal basis",
        choices=_LEGAL_BASES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Stays here: for reviewers, and for referrals.",
    )
    collection = forms.ModelChoiceField(
        Collection.objects.none(),
        label="Collection",
        empty_label="Choose who it is for",
    )
    tlp = forms.ChoiceField(
        label="Marking (TLP 2.0)",
        choices=[(each.value, f"TLP:{each.value.upper()}") for each in Tlp],
        initial=Tlp.AMBER.value,
    )
    hold_until = UtcField(
        label="Do not act before (UTC)",
        help_text="Until then peers may look for it in their own logs, and do no more.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Collection.objects.filter(is_inbox=False).order_by("title", "pk")
        field = self.fields["collection"]
        field.queryset = own  # type: ignore[attr-defined]
        field.label_from_instance = _labelled  # type: ignore[attr-defined]

    def clean_model_targets(self) -> list[dict[str, str]]:
        lines = _lines(self.cleaned_data["model_targets"], len(_MODEL_PARTS))
        return [_model(number, cells) for number, cells in enumerate(lines, 1)]

    def clean_windows(self) -> list[dict[str, Any]]:
        lines = _lines(self.cleaned_data["windows"], len(_WINDOW_PARTS))
        return [_window(number, cells) for number, cells in enumerate(lines, 1)]

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        first, last = told.get("first_seen"), told.get("last_seen")
        if first and last and last < first:
            self.add_error("last_seen", "It lies before the first time; change one of them.")
        home, marking = told.get("collection"), told.get("tlp")
        if home and marking:
            ceiling = Audience(home.audience).ceiling
            if Tlp(marking).rank > ceiling.rank:
                self.add_error(
                    "tlp",
                    f"{home.title} takes TLP:{ceiling.value.upper()} at most; choose a freer"
                    " marking or a narrower collection.",
                )
        return told

    def prepared(self, claims: Iterable[Claim]) -> Prepared:
        """What it comes to; raises ValidationError if a part of it has no meaning."""
        told = self.cleaned_data
        try:
            return Prepared(
                msgspec.convert(_stated(told, claims), Stated, strict=False),
                msgspec.convert(_finding(told), Finding),
            )
        except msgspec.ValidationError as error:
            raise forms.ValidationError(f"Something is not in order: {error}.") from error


class BeginForm(forms.Form):
    """A name to begin with."""

    name = forms.CharField(
        label="Name of the campaign",
        max_length=200,
        help_text="A working name; it can be changed until it is sent.",
    )


class UploadForm(forms.Form):
    """A table of identifiers."""

    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text="At most 100,000 identifiers and 16 MiB. Columns: account, kind, value, and"
        " region for telephone numbers in national form; or one identifier a line.",
    )


# --- What it comes to ---


def _stated(told: Mapping[str, Any], claims: Iterable[Claim]) -> dict[str, Any]:
    return present(
        tlp=told["tlp"],
        collection=str(told["collection"].pk),
        name=told["name"],
        description=told["description"],
        allegation_status=told["allegation_status"] or "alleged",
        as_reported={
            name: told[f"{name}_as_reported"] for name in _COUNTS if told[f"{name}_as_reported"]
        },
        claims=[msgspec.to_builtins(each) for each in claims],
        hold_until=told["hold_until"],
        legal_basis=told["legal_basis"],
    )


def _finding(told: Mapping[str, Any]) -> dict[str, Any]:
    """The finding's counts, terms and times; whose it is a worker says."""
    cluster = present(
        key="submission",
        size=_count(told, "account_count"),
        first_seen=told["first_seen"],
        last_seen=told["last_seen"],
    )
    return present(
        uid="submission",
        cluster=cluster,
        confidence=told["confidence"],
        interaction_count=_count(told, "interaction_count"),
        output_token_count=_count(told, "output_token_count"),
        coordination={"method": "manual-analysis"},
        model_targets=told["model_targets"],
        windows=told["windows"],
        **{name: told[name] for name in _TERMS},
    )


def _count(told: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    if told[name] is None:
        return None
    return {"value": told[name], "qualifier": told[f"{name}_qualifier"] or "exact"}


def _lines(text: str, most: int) -> Iterator[list[str]]:
    listed = [each for each in text.splitlines() if each.strip()]
    if len(listed) > _MOST_LINES:
        raise forms.ValidationError(f"There are more than {_MOST_LINES} lines; leave out some.")
    for number, line in enumerate(listed, 1):
        cells = [each.strip() for each in line.split(",")]
        if len(cells) > most or not cells[0]:
            raise forms.ValidationError(
                f"Line {number} has another form; write up to {most} values with commas between."
            )
        yield cells


def _model(number: int, cells: list[str]) -> dict[str, str]:
    if any(len(each) > _MOST_OF_A_MODEL for each in cells):
        raise forms.ValidationError(
            f"Line {number}: a name has at most {_MOST_OF_A_MODEL} characters; shorten it."
        )
    return {name: cell for name, cell in zip(_MODEL_PARTS, cells, strict=False) if cell}


def _window(number: int, cells: list[str]) -> dict[str, Any]:
    try:
        start, hours, accounts, requests = cells
        begun = datetime.fromisoformat(start)
        window = {
            "start": (begun if begun.tzinfo else begun.replace(tzinfo=UTC)).astimezone(UTC),
            "seconds": round(float(hours) * 3600),
            "account_count": int(accounts),
            "request_count": int(requests),
        }
        msgspec.convert(window, Window)
    except (ValueError, OverflowError):  # msgspec's own is a ValueError
        raise forms.ValidationError(
            f"Line {number}: write start, hours, accounts, requests, such as"
            " 2026-02-27T00:00, 24, 312, 61240. A window is of a minute to a year, with at least"
            " one account and one request."
        ) from None
    return window


def _labelled(collection: Collection) -> str:
    return f"{collection.title}: {Audience(collection.audience).label}"
