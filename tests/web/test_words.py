"""The words and marks that every page uses the same way."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.utils import timezone

from indicators.stix import Tlp
from indicators.web.forms.fields import choice_of


def words(source: str, **known: object) -> str:
    return Template("{% load retort %}" + source).render(Context(known))


def test_a_time_is_shown_in_the_readers_zone_and_in_utc_on_hover() -> None:
    at = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    with timezone.override("Asia/Tokyo"):
        shown = words("{% when at %}", at=at)
    assert ">1 Mar 2026, 21:05<" in shown
    assert 'title="2026-03-01 12:05:00 UTC"' in shown


def test_what_never_happened_says_never() -> None:
    assert "never" in words("{% when at %}", at=None)


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=-1, seconds=-5), "1 minute ago"),
        (timedelta(hours=-5, seconds=-5), "5 hours ago"),
        (timedelta(days=-3, seconds=-5), "3 days ago"),
        (timedelta(days=2, seconds=5), "in 2 days"),
    ],
)
def test_a_distance_in_time_is_told_in_one_unit(distance: timedelta, said: str) -> None:
    assert f">{said}<" in words("{% ago at %}", at=timezone.now() + distance)


def test_a_span_of_time_that_is_open_at_one_end_says_so() -> None:
    part = '{% include "web/parts/span.html" with first=first last=last only %}'
    at = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    assert words(part, first=at, last=None).startswith("from <time")
    assert words(part, first=None, last=at).startswith("until <time")
    assert "not stated" in words(part, first=None, last=None)


def test_a_term_is_chosen_by_words_that_people_write() -> None:
    assert choice_of("cot-elicitation") == ("cot-elicitation", "CoT elicitation")
    assert choice_of("first-party-api") == ("first-party-api", "First party API")


def test_a_count_keeps_its_qualifier() -> None:
    assert words("{% count c %}", c={"value": 150000, "qualifier": "gt"}) == "&gt; 150,000"


def test_a_count_may_be_an_object() -> None:
    assert words("{% count c %}", c=SimpleNamespace(value=3, qualifier="exact")) == "3"


@pytest.mark.parametrize("marking", [Tlp.AMBER_STRICT, Tlp.AMBER_STRICT.rank, "AMBER+STRICT"])
def test_a_marking_is_named_as_first_names_it(marking: object) -> None:
    assert ">TLP:AMBER+STRICT<" in words("{% tlp marking %}", marking=marking)


def test_what_has_no_marking_says_so() -> None:
    assert "unmarked" in words("{% tlp marking %}", marking=None)


def test_a_confidence_that_nobody_stated_is_no_number() -> None:
    assert "not stated" in words("{% confidence value %}", value=None)


def test_an_id_is_shortened_and_copied_whole() -> None:
    whole = "campaign--8d25410f-3b58-45b1-b2d5-ba9aa241f093"
    shown = words("{% ident whole %}", whole=whole)
    assert f'data-copy="{whole}"' in shown
    assert ">campaign--8d25410f…<" in shown


def test_a_link_to_what_has_no_name_is_opened_by_a_click_not_copied() -> None:
    stix_id = "indicator--8d25410f-3b58-45b1-b2d5-ba9aa241f093"
    shown = words("{% object_link stix_id %}", stix_id=stix_id)
    assert f'href="/objects/{stix_id}/"' in shown and ">indicator--8d25410f…<" in shown
    assert "data-copy" not in shown


def test_text_of_others_is_escaped() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    shown = words("{% badge text %}{% ident text %}{% json text %}", text=hostile)
    assert "<img" not in shown


def test_a_tone_that_the_stylesheet_does_not_know_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="tone"):
        words('{% badge "x" "purple" %}')


class Form(forms.Form):
    name = forms.CharField(help_text="What peers read.")


def test_errors_and_help_of_a_field_are_tied_to_its_control() -> None:
    form = Form({"name": ""})
    shown = words("{% field form.name %}", form=form)
    assert 'aria-describedby="id_name-help id_name-errors"' in shown
    assert 'id="id_name-errors"' in shown
    assert 'aria-invalid="true"' in shown


def test_a_page_links_only_to_what_is_there() -> None:
    page = SimpleNamespace(newer="", older="after=7")
    shown = words("{% pager page %}", page=page)
    assert 'href="?after=7"' in shown
    assert "Newer" not in shown
