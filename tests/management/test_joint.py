"""Joint clusters on the command line."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from celery import current_app
from django.core.management import CommandError, call_command

from indicators.models import JointCluster, MatchState
from tests.reconcile.leads import NOW, Leads, analyst

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    with mock.patch.object(current_app, "send_task"):
        yield


@pytest.fixture
def joint(db: None) -> JointCluster:
    """What Birch shared and what this node found, confirmed by a person."""
    ours = Leads.begin()
    ours.decide(ours.match(), MatchState.CONFIRMED, analyst("ana"))
    return JointCluster.objects.get(ended_at=None)


def printed(*arguments: object) -> str:
    out = StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def rows(*arguments: object) -> Any:
    return json.loads(printed(*arguments, "--json"))


def test_who_sees_it_is_listed(joint: JointCluster) -> None:
    [row] = rows("joint", "list")
    assert "Birch" in row["seen by"]
    assert row["subjects"] == 2


def test_what_fewer_see_than_asked_for_is_not_listed(joint: JointCluster) -> None:
    assert rows("joint", "list", "--organizations", 3) == []


def test_a_confidence_is_explained_term_by_term(joint: JointCluster) -> None:
    first, *terms = printed("joint", "why", joint.pk).splitlines()
    assert first.startswith(f"{joint.confidence:.2f} = 1 - ")
    assert any("Birch" in term for term in terms)


def test_what_holds_it_together_is_shown(joint: JointCluster) -> None:
    shown = json.loads(printed("joint", "show", joint.pk))
    assert len(shown["edges"]) == 1
    assert {each["origin"] for each in shown["subjects"]} >= {"Birch"}
    assert [each["what"] for each in shown["events"]] == ["formed"]


def test_one_that_merged_into_another_is_shown_as_that(joint: JointCluster) -> None:
    before = JointCluster.objects.create(
        formed_at=NOW, changed_at=NOW, ended_at=NOW, merged_into=joint
    )
    assert json.loads(printed("joint", "show", before.pk))["id"] == str(joint.pk)


def test_what_is_not_there_is_said(db: None) -> None:
    with pytest.raises(CommandError, match="no such joint cluster"):
        printed("joint", "show", uuid4())
