"""What operators watch: liveness, readiness, metrics."""

import os

import prometheus_client
from celery import current_app
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from indicators import access
from indicators.people.address import client_address


def live(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"status": "live"})


def ready(request: HttpRequest) -> HttpResponse:
    """The parts that a request needs answer too: 200, or 503 and which one does not."""
    parts = {"database": _database(), "broker": _broker()}
    well = all(state == "ok" for state in parts.values())
    return JsonResponse(
        {"status": "ready" if well else "not ready", **parts}, status=200 if well else 503
    )


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, of all web processes together; only for METRICS_NETWORKS."""
    if _is_relayed(request) or not access.is_within(
        client_address(request), settings.METRICS_NETWORKS
    ):
        raise PermissionDenied("Metrics are for METRICS_NETWORKS only.")
    registry = prometheus_client.REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    body = prometheus_client.generate_latest(registry)
    return HttpResponse(body, content_type=prometheus_client.CONTENT_TYPE_LATEST)


def _is_relayed(request: HttpRequest) -> bool:
    """By a proxy that nobody named: it may be on this very machine, and who asks it is not."""
    trusted = access.is_within(request.META.get("REMOTE_ADDR", ""), settings.TRUSTED_PROXIES)
    return "HTTP_X_FORWARDED_FOR" in request.META and not trusted


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "does not answer"
    return "migrations are missing: run migrate" if waiting else "ok"


def _broker() -> str:
    try:
        with current_app.connection_for_write(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:  # each transport has its own kinds
        return f"does not answer ({type(error).__name__})"
    return "ok"
