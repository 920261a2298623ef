"""Adam reads who did what, finds it again, and takes it away as a file."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from indicators.models import AuditEvent
from indicators.pipeline.administration import records
from tests.web.reading import html, page

pytestmark = pytest.mark.django_db


def happened(count: int, **facts: Any) -> None:
    said = {"actor": "ana", "act": "reveal", "subject": "detection/1", **facts}
    AuditEvent.objects.bulk_create(AuditEvent(**said) for _ in range(count))


def found(adam: Client, **asked: Any) -> list[AuditEvent]:
    return list(adam.get(reverse("audit"), asked).context["page"].rows)


def test_an_empty_log_says_what_will_be_in_it(adam: Client) -> None:
    assert "Nothing was written down yet" in html(adam.get(reverse("audit")))


def test_the_newest_comes_first(adam: Client) -> None:
    happened(1, act="grant")
    happened(1, act="reveal")
    assert [each.act for each in found(adam)] == ["reveal", "grant"]


def test_it_is_found_by_who_did_it(adam: Client) -> None:
    happened(1)
    happened(1, actor="ben")
    assert [each.actor for each in found(adam, actor="ben")] == ["ben"]


def test_it_is_found_by_what_was_done(adam: Client) -> None:
    happened(1)
    happened(1, act="grant")
    assert [each.act for each in found(adam, act="grant")] == ["grant"]


def test_it_is_found_by_how_the_subject_begins(adam: Client) -> None:
    happened(1, subject="allowed/7")
    happened(1, subject="detection/7")
    assert [each.subject for each in found(adam, subject="allowed/")] == ["allowed/7"]


def test_it_is_found_by_day_with_the_last_day_in(adam: Client) -> None:
    for day in (1, 2, 3):
        happened(1, at=datetime(2026, 11, day, 23, 30, tzinfo=UTC), subject=str(day))
    asked = {"since": "2026-11-02", "until": "2026-11-02"}
    assert [each.subject for each in found(adam, **asked)] == ["2"]


def test_a_day_that_is_none_is_said_at_the_form(adam: Client) -> None:
    happened(1)
    shown = adam.get(reverse("audit"), {"since": "2026-13-45"})
    assert "since" in shown.context["form"].errors
    assert not shown.context["page"].rows


def test_an_act_that_nobody_ever_did_is_said_at_the_form(adam: Client) -> None:
    happened(1)
    shown = adam.get(reverse("audit"), {"act": "fly"})
    assert "act" in shown.context["form"].errors


def test_every_event_is_met_once_on_the_way_back_and_forth(adam: Client) -> None:
    happened(2 * records.PAGE + 50)
    url = reverse("audit")
    shown = adam.get(url).context["page"]
    met = [each.pk for each in shown.rows]
    while shown.older:
        shown = adam.get(f"{url}?{shown.older}").context["page"]
        met += [each.pk for each in shown.rows]
    assert met == sorted(AuditEvent.objects.values_list("pk", flat=True), reverse=True)
    back = adam.get(f"{url}?{shown.newer}").context["page"]
    assert [each.pk for each in back.rows] == met[records.PAGE : 2 * records.PAGE]


def test_the_pages_keep_what_was_asked(adam: Client) -> None:
    happened(records.PAGE + 1, actor="ben")
    shown = adam.get(reverse("audit"), {"actor": "ben"}).context["page"]
    assert "actor=ben" in shown.older


def test_what_matches_is_exported_and_that_is_written_down(adam: Client) -> None:
    happened(3, actor="ben")
    happened(2)
    answer = adam.post(reverse("audit-export"), {"actor": "ben"})
    lines = b"".join(answer.streaming_content).splitlines()  # type: ignore[attr-defined]
    assert [msgspec.json.decode(line)["actor"] for line in lines] == ["ben"] * 3
    event = AuditEvent.objects.get(act="export audit log")
    assert (event.actor, event.detail) == ("adam", {"asked_actor": "ben"})


def test_reading_writes_nothing(adam: Client) -> None:
    happened(1)
    adam.get(reverse("audit"))
    assert AuditEvent.objects.count() == 1


def test_a_page_costs_a_bounded_number_of_statements(
    adam: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        happened(3, act=f"act {number}")
    with django_assert_max_num_queries(12):
        page(adam, reverse("audit"))


# --- A large log ---------------------------------------------------------------------------------


@pytest.fixture
def large() -> None:
    """Much by workers, little by people."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO indicators_auditevent (at, actor, act, subject, detail)"
            " SELECT %s + n * interval '1 second', CASE WHEN n %% 10000 = 0 THEN 'ana'"
            " ELSE 'worker' END, 'act ' || n %% 40, 'detection/' || n, '{}'"
            " FROM generate_series(1, 50000) n",
            [datetime.now(UTC) - timedelta(days=30)],
        )
        cursor.execute("ANALYZE indicators_auditevent")


def plan(**asked: Any) -> str:
    events = records._matching(records.Asked(**asked))
    return str(events.order_by("-pk")[: records.PAGE + 1].explain())


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "auditevent_pkey"),
        ({"actor": "ana"}, "audit_by_actor"),
        ({"act": "act 7"}, "audit_by_act"),
        ({"subject": "detection/4999"}, "audit_by_subject"),
    ],
)
def test_a_search_reads_an_index_not_the_log(
    large: None, asked: dict[str, str], index: str
) -> None:
    said = plan(**asked)
    assert index in said
    assert "Seq Scan" not in said


def test_the_acts_are_read_from_the_index_alone(large: None) -> None:
    assert len(records.acts()) == 40
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {records._ACTS}")
        said = " ".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in said
