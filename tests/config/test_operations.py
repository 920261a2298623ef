"""What operators watch, and the tables that administrators look into."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError
from django.test import Client

from indicators.store import custody


@pytest.fixture
def client() -> Client:
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def administrator(db: None, client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("admin", password="x"))
    return client


def test_a_live_process_says_so(client: Client) -> None:
    assert json.loads(client.get("/healthz/live").content) == {"status": "live"}


def test_a_node_without_a_broker_is_not_ready(db: None, client: Client) -> None:
    response = client.get("/healthz/ready")
    assert response.status_code == 503
    state = json.loads(response.content)
    assert (state["database"], state["status"]) == ("ok", "not ready")
    assert "does not answer" in state["broker"]


def test_metrics_are_prometheus_text_for_the_networks_named(client: Client, settings: Any) -> None:
    assert b"retort_objects_total" in client.get("/metrics").content
    settings.METRICS_NETWORKS = ["10.0.0.0/8"]
    assert client.get("/metrics").status_code == 403


@pytest.mark.parametrize("trusted", [[], ["127.0.0.1/32"]])
def test_metrics_are_not_for_whom_a_proxy_on_this_machine_answers(
    client: Client, settings: Any, trusted: list[str]
) -> None:
    settings.TRUSTED_PROXIES = trusted
    asked = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert asked.status_code == 403


def test_every_answer_has_a_request_id(client: Client) -> None:
    ids = {client.get("/healthz/live").headers["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_database_that_does_not_answer_is_503_with_retry_after(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("indicators.access.authenticate", down)
    response = client.get("/taxii2/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    "table",
    [
        "member",
        "collection",
        "credential",
        "contradiction",
        "status",
        "detector",
        "allowed",
        "auditevent",
    ],
)
def test_an_administrator_sees_the_tables(administrator: Client, table: str) -> None:
    assert administrator.get(f"/admin/indicators/{table}/").status_code == 200


@pytest.mark.parametrize("table", ["entry", "objectversion", "objectid", "keptpage", "withdrawal"])
def test_nobody_edits_objects_or_entries(administrator: Client, table: str) -> None:
    assert administrator.get(f"/admin/indicators/{table}/").status_code == 404


def test_neither_collections_nor_members_can_be_deleted(administrator: Client) -> None:
    collection = custody.open_collection(title="Kept", audience="labs")
    member = custody.ensure_own_member()
    for path in (f"collection/{collection.pk}", f"member/{member.pk}"):
        assert administrator.post(f"/admin/indicators/{path}/delete/").status_code == 403


def test_the_administration_is_closed_to_strangers(db: None, client: Client) -> None:
    assert client.get("/admin/indicators/member/").status_code == 302
