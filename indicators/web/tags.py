"""Words and marks that every page uses the same way: times, numbers, markings, states."""

import json as _json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import template
from django.forms import (
    BaseForm,
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    RadioSelect,
    Select,
)
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from indicators.stix import Tlp
from indicators.web import icons

register = template.Library()

_TLP = tuple(Tlp)
_TONES = {"ok", "warn", "bad", "info", "muted"}
_QUALIFIERS = {
    "gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ ", "approx": "about ",
    "order-of-magnitude": "in the order of ", "exact": "", None: "",
}  # fmt: skip
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


@register.simple_tag
def when(at: datetime | None) -> SafeString:
    """A time in the reader's zone, in UTC on hover; "never" for none."""
    if at is None:
        return format_html('<span class="muted">{}</span>', "never")
    return _time(at, _local(at))


@register.simple_tag
def ago(at: datetime | None) -> SafeString:
    """How long ago, or how soon, in one unit; the time itself on hover."""
    if at is None:
        return format_html('<span class="muted">{}</span>', "never")
    seconds = (timezone.now() - at).total_seconds()
    for length, unit in _UNITS:
        if abs(seconds) >= length:
            count = int(abs(seconds) // length)
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return _time(at, f"{words} ago" if seconds > 0 else f"in {words}")
    return _time(at, "just now" if seconds >= 0 else "in a moment")


def _local(at: datetime) -> str:
    try:
        local = timezone.localtime(at)
    except OverflowError:  # others may state a time at the end of the calendar
        local = at
    return f"{local.day} {local:%b %Y, %H:%M}"


def _time(at: datetime, words: str) -> SafeString:
    moment = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        moment.strftime("%Y-%m-%d %H:%M:%S UTC"),
        words,
    )


@register.simple_tag
def number(value: float | None) -> str:
    """With thousands separated; a dash for none."""
    return "–" if value is None else f"{value:,}"  # noqa: RUF001 - a dash


@register.simple_tag
def count(value: Mapping[str, Any] | Any) -> str:
    """A STIX count (mapping or object) with its qualifier: "> 150,000"; a dash for none."""
    if not value:
        return "–"  # noqa: RUF001 - a dash
    if isinstance(value, Mapping):
        amount, qualifier = value["value"], value.get("qualifier")
    else:
        amount, qualifier = value.value, value.qualifier
    return f"{_QUALIFIERS.get(qualifier, '')}{amount:,}"


@register.simple_tag
def share(value: float | None) -> str:
    """A ratio as percent."""
    return "–" if value is None else f"{value:.0%}"  # noqa: RUF001 - a dash


@register.simple_tag
def tlp(marking: Tlp | int | str | None) -> SafeString:
    """A marking as its badge, in the colours that FIRST gives."""
    if marking is None or marking == "":
        return badge("unmarked", "muted")
    if isinstance(marking, int):
        marking = _TLP[marking]
    elif not isinstance(marking, Tlp):
        marking = Tlp(str(marking).lower())
    name = marking.value.replace("+", "-")
    return format_html('<span class="badge tlp tlp-{}">TLP:{}</span>', name, marking.value.upper())


@register.simple_tag
def badge(text: str, tone: str = "muted") -> SafeString:
    """A word in a quiet box; the word says it, the tone (ok, warn, bad, info, muted) repeats it."""
    if tone not in _TONES:
        raise template.TemplateSyntaxError(f"{tone} is no tone; one of {', '.join(_TONES)}.")
    return format_html('<span class="badge {}">{}</span>', tone, text)


@register.simple_tag
def confidence(value: float | None) -> SafeString:
    """STIX confidence (0 to 100) as a meter and in the words of STIX 2.1 Appendix A."""
    if value is None:
        return format_html('<span class="muted">{}</span>', "not stated")
    words = "low" if value < 30 else "medium" if value < 70 else "high"
    return format_html(
        '<span class="confidence"><meter min="0" max="100" value="{}" aria-label="Confidence'
        ' {} of 100"></meter> {} <span class="muted">{}</span></span>',
        round(value),
        round(value),
        round(value),
        words,
    )


@register.simple_tag
def ident(value: str | None) -> SafeString:
    """An id or digest, shortened in the middle; whole on hover, copied by a click."""
    if not value:
        return format_html('<span class="muted">{}</span>', "none")
    text = str(value)
    return format_html(
        '<code class="ident" title="{}" data-copy="{}">{}</code>', text, text, _shortened(text)
    )


def _shortened(text: str) -> str:
    kind, dashes, rest = text.partition("--")
    if dashes:
        return f"{kind}--{rest[:8]}…"
    return text if len(text) <= 20 else f"{text[:10]}…{text[-6:]}"


@register.simple_tag
def object_link(stix_id: str, name: str = "") -> SafeString:
    """A link to the object's page; a campaign has one of its own."""
    target = "campaign" if stix_id.startswith("campaign--") else "object"
    # A click opens it: the id is not one that a click copies.
    nameless = format_html('<code title="{}">{}</code>', stix_id, _shortened(stix_id))
    return format_html('<a href="{}">{}</a>', reverse(target, args=[stix_id]), name or nameless)


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon by its name (`web.icons`)."""
    return icons.icon(name)


@register.simple_tag
def json(value: Any) -> SafeString:
    """Any JSON value, indented and escaped."""
    text = _json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="code" tabindex="0">{}</pre>', text)


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """A form's field: label, help, errors, and the control that they describe."""
    if bound.is_hidden:
        return format_html("{}", bound.as_widget())
    name = bound.auto_id or bound.html_name
    described = [f"{name}-help"] if bound.help_text else []
    described += [f"{name}-errors"] if bound.errors else []
    attributes: dict[str, str | bool] = {}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    parts = {
        "label": _label(bound),
        "help": format_html('<div class="help" id="{}-help">{}</div>', name, bound.help_text)
        if bound.help_text
        else "",
        "errors": format_html(
            '<ul class="errors" id="{}-errors">{}</ul>',
            name,
            format_html_join("", "<li>{}</li>", ((each,) for each in bound.errors)),
        )
        if bound.errors
        else "",
        "control": bound.as_widget(attrs=attributes),
    }
    widget = bound.field.widget
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return format_html(
            '<fieldset class="field choices"><legend>{}</legend>{}{}{}</fieldset>',
            bound.label,
            parts["help"],
            parts["control"],
            parts["errors"],
        )
    if isinstance(widget, CheckboxInput):
        return format_html(
            '<div class="field check">{}{}{}{}</div>',
            parts["control"],
            parts["label"],
            parts["help"],
            parts["errors"],
        )
    return format_html(
        '<div class="field">{}{}{}{}</div>',
        parts["label"],
        parts["help"],
        parts["control"],
        parts["errors"],
    )


def _label(bound: BoundField) -> SafeString:
    optional = (
        ""
        # A choice always says something.
        if bound.field.required or isinstance(bound.field.widget, CheckboxInput | Select)
        else (format_html(' <span class="muted">{}</span>', "optional"))
    )
    return format_html('<label for="{}">{}{}</label>', bound.id_for_label, bound.label, optional)


@register.simple_tag
def form_errors(form: BaseForm) -> SafeString:
    """What is wrong with the form as a whole."""
    errors = form.non_field_errors()
    if not errors:
        return SafeString("")
    return format_html(
        '<div class="callout bad" role="alert">{}</div>',
        format_html_join("", "<p>{}</p>", ((each,) for each in errors)),
    )


@register.simple_tag
def empty(title: str, text: str, url: str = "", label: str = "") -> SafeString:
    """What stands where nothing is yet: what it is for, and what to do first."""
    action = (
        format_html('<p><a class="button primary" href="{}">{}</a></p>', url, label) if url else ""
    )
    return format_html('<div class="empty"><h2>{}</h2><p>{}</p>{}</div>', title, text, action)


@register.simple_tag
def pager(page: Any) -> SafeString:
    """Links to what is newer and older; `page` has both as query strings, "" for none."""
    if not (page.newer or page.older):
        return SafeString("")
    links = format_html_join(
        "",
        '<a class="button quiet" rel="{}" href="?{}" data-key="{}">{}</a>',
        (
            (rel, query, shortcut, words)
            for rel, query, shortcut, words in (
                ("prev", page.newer, "p", "Newer"),
                ("next", page.older, "n", "Older"),
            )
            if query
        ),
    )
    return format_html('<nav class="pager row" aria-label="Pages">{}</nav>', links)
