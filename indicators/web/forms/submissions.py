"""What an analyst types of a campaign, and what it comes to.

A form is kept as it was typed, right or wrong; only what is prepared has to be right.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from django import forms
from django.http import QueryDict
from django.utils import timezone

from indicators.detections.finding import Finding
from indicators.detections.stated import Claim, Stated
from indicators.detections.submissions.pieces import Prepared
from indicators.models import Audience, Collection, Member
from indicators.stix import Tlp, schema

PASTED = 600_000
MOST_CLAIMS = 10
CLAIMS = "claims"
_NOT_KEPT = {"csrfmiddlewaretoken", "act", "pasted"}
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
_HONORIFICS = ("mr ", "mrs ", "ms ", "dr ", "prof ", "mr. ", "mrs. ", "ms. ", "dr. ", "prof. ")
_MODEL_PARTS = ("provider", "family", "model", "version")
_WINDOW_PARTS = ("start", "hours", "account_count", "request_count")
_MOST_LINES = 50


class UtcField(forms.DateTimeField):
    """A time in UTC, whatever zone its reader is in: what is typed means the same to everybody."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, required=False, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            return super().to_python(value)


class AmountField(forms.IntegerField):
    """A whole number, with thousands separated or not."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric"})
        super().__init__(min_value=0, max_value=999_999_999, widget=widget, **kwargs)

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str):
            value = value.replace(",", "").replace(" ", "").replace("\u202f", "")
        return super().to_python(value)


def _terms(label: str, field: str) -> forms.MultipleChoiceField:
    listed = schema("distillation-campaign")["properties"][field]["x-open-vocab"]
    choices = [(term, term.replace("-", " ")) for term in listed]
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple
    )


def _amount(label: str) -> AmountField:
    return AmountField(label=label, required=False)


def _qualifier() -> forms.ChoiceField:
    return forms.ChoiceField(label="How sure", choices=_QUALIFIERS, required=False)


def _as_reported() -> forms.CharField:
    return forms.CharField(label="In the source's words", max_length=500, required=False)


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
        label="Confidence",
        min_value=0,
        max_value=100,
        required=False,
        help_text="That it is a campaign, from 0 to 100.",
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
        help_text="A collection is an audience. The preview names each organization.",
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
        return [
            {name: cell for name, cell in zip(_MODEL_PARTS, cells, strict=False) if cell}
            for cells in _lines(self.cleaned_data["model_targets"], len(_MODEL_PARTS))
        ]

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


class ClaimForm(forms.Form):
    """Who is said to be behind it. An empty organization is no claim."""

    organization = forms.CharField(
        label="Organization that is named",
        max_length=100,
        required=False,
        help_text="An organization, never a person. Empty it to take the claim out.",
    )
    claimed_by = forms.CharField(
        label="Claimed by",
        max_length=100,
        required=False,
        help_text="Empty: this organization. Members are recognized by their names.",
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
            (each, each.replace("-", " "))
            for each in schema("attribution-claim")["properties"]["basis"]["items"].get(
                "x-open-vocab", schema("attribution-claim")["properties"]["basis"]["x-open-vocab"]
            )
        ],
    )
    confidence = forms.IntegerField(
        label="Confidence of the claimant",
        min_value=0,
        max_value=100,
        required=False,
        help_text="From 0 to 100, as they state it.",
    )
    grade = forms.RegexField(
        r"^[A-Fa-f][1-6]$",
        label="Grade of the source",
        required=False,
        strip=True,
        help_text="Admiralty code, from A1 (reliable, confirmed) to F6 (unknown).",
    )
    source = forms.CharField(
        label="Source",
        max_length=200,
        required=False,
        help_text="Where it was said: a report, a letter, our own evidence.",
    )
    address = forms.URLField(
        label="Address of the source", max_length=2000, required=False, assume_scheme="https"
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
            _present(
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


# --- As it was typed ---


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
    count = data.get(f"{CLAIMS}-TOTAL_FORMS", "0")
    rows = range(min(int(count), MOST_CLAIMS) if count.isdecimal() else 0)
    found = [initial_of(ClaimForm, data, f"{CLAIMS}-{each}") for each in rows]
    return [each for each in found if each.get("organization")]


def known_members() -> dict[str, Member]:
    """Every member by its folded name."""
    return {each.name.casefold(): each for each in Member.objects.all()}


# --- What it comes to ---


def _stated(told: Mapping[str, Any], claims: Iterable[Claim]) -> dict[str, Any]:
    return _present(
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
    cluster = _present(
        key="submission",
        size=_count(told, "account_count"),
        first_seen=told["first_seen"],
        last_seen=told["last_seen"],
    )
    return _present(
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


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


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


def _window(number: int, cells: list[str]) -> dict[str, Any]:
    try:
        start, hours, accounts, requests = cells
        begun = datetime.fromisoformat(start)
        return {
            "start": begun if begun.tzinfo else begun.replace(tzinfo=UTC),
            "seconds": round(float(hours) * 3600),
            "account_count": int(accounts),
            "request_count": int(requests),
        }
    except (ValueError, OverflowError):
        raise forms.ValidationError(
            f"Line {number}: write start, hours, accounts, requests, such as"
            " 2026-02-27T00:00, 24, 312, 61240."
        ) from None


def _no_person(name: str) -> str:
    if name.casefold().startswith(_HONORIFICS) or "@" in name:
        raise forms.ValidationError("This looks like a person; name an organization.")
    return " ".join(name.split())


def _labelled(collection: Collection) -> str:
    return f"{collection.title}: {Audience(collection.audience).label}"
