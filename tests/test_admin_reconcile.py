"""Joint clusters in the administration: what is shown."""

from collections.abc import Iterator
from unittest import mock

import pytest
from celery import current_app
from django.test import Client

from indicators.models import JointCluster, MatchState
from tests.reconcile.leads import Leads, analyst
from tests.test_admin import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    with mock.patch.object(current_app, "send_task"):
        yield


@pytest.fixture
def ours(db: None) -> Leads:
    return Leads.begin()


@pytest.fixture
def ana(db: None) -> Client:
    return signed_in("ana", "view_jointcluster", "view_answer")


def test_a_joint_cluster_says_why_it_is_how_sure(ours: Leads, ana: Client) -> None:
    ours.decide(ours.match(), MatchState.CONFIRMED, analyst("ben"))
    joint = JointCluster.objects.get(ended_at=None)
    page = ana.get(f"/admin/indicators/jointcluster/{joint.pk}/change/").content.decode()
    assert "Birch (usually reliable" in page
    assert "formed" in page


def test_joint_clusters_are_listed_with_who_sees_them(ours: Leads, ana: Client) -> None:
    ours.decide(ours.match(), MatchState.CONFIRMED, analyst("ben"))
    assert "Birch" in ana.get("/admin/indicators/jointcluster/").content.decode()
