"""The layers hold also where a reference is a string, which import-linter can't see."""

import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("indicators", "federation")


def layers() -> dict[str, int]:
    """Room → height, from the contracts in pyproject.toml: federation below all of indicators."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    stacked = [
        (package, contract["layers"])
        for package in reversed(PACKAGES)
        for contract in contracts["contracts"]
        if contract.get("containers") == [package]
    ]
    heights: dict[str, int] = {}
    for package, rows in stacked:
        for row in reversed(rows):
            height = max(heights.values(), default=0) + 1
            heights |= {f"{package}.{room.strip()}": height for room in row.split("|")}
    return heights


HEIGHTS = layers()


def height(module: str) -> int:
    """The height of the room that a module lies in; a package's own `apps` and root are free."""
    return HEIGHTS[".".join(module.split(".")[:2])]


def ours(module: str) -> bool:
    return module.split(".")[0] in PACKAGES and ".".join(module.split(".")[:2]) in HEIGHTS


def patterns(resolver: URLResolver, module: str) -> Iterator[tuple[str, str, str]]:
    """(route, module that names it, module that it leads to), through every include."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            name = entry.urlconf_name
            inner = name if isinstance(name, str) else getattr(name, "__name__", module)
            yield str(entry.pattern), module, inner
            yield from patterns(entry, inner)
        else:
            yield str(entry.pattern), module, entry.lookup_str.rpartition(".")[0]


def test_the_contracts_name_every_layer() -> None:
    assert height("federation.urls") < height("indicators.models.entry")
    assert height("indicators.models") < height("indicators.store.feed")
    assert height("indicators.store") < height("indicators.pipeline")
    assert height("indicators.pipeline") < height("indicators.taxii.urls")
    assert height("indicators.taxii") < height("indicators.config.urls")


def related(model: Any) -> Iterator[tuple[str, Any]]:
    for found in model._meta.get_fields():
        points_away = found.is_relation and not found.auto_created
        if points_away and found.related_model is not None:
            yield found.name, found.related_model


@pytest.mark.parametrize(
    "model",
    [model for model in apps.get_models() if model.__module__.startswith("federation")],
    ids=lambda model: model.__name__,
)
def test_no_table_of_federation_refers_to_indicators(model: Any) -> None:
    for name, target in related(model):
        assert not target.__module__.startswith("indicators"), name


@pytest.mark.parametrize(
    "model",
    [model for model in apps.get_models() if ours(model.__module__)],
    ids=lambda model: model.__name__,
)
def test_no_table_refers_to_a_higher_layer(model: Any) -> None:
    for name, target in related(model):
        if ours(target.__module__):
            assert height(target.__module__) <= height(model.__module__), name


def test_no_path_leads_to_a_higher_layer() -> None:
    root = get_resolver()
    walked = list(patterns(root, str(root.urlconf_name)))
    assert len(walked) > 20
    for route, named_in, leads_to in walked:
        if ours(named_in) and ours(leads_to):
            assert height(leads_to) <= height(named_in), route


def test_federations_paths_lead_to_federation() -> None:
    from federation.urls import log_urls

    found: list[URLPattern] = log_urls(lambda view: view, lambda log_id, start: ([], False))
    assert found
    assert all(pattern.callback.__module__.startswith("federation.") for pattern in found)


def test_no_string_in_federation_names_a_module_of_indicators() -> None:
    """`import_string`, task names, settings: whatever a string in federation would reach."""
    for path in (ROOT / "federation").rglob("*.py"):
        for line in path.read_text().splitlines():
            assert '"indicators' not in line, path
            assert "'indicators" not in line, path


def test_migrations_of_federation_depend_on_federation_alone() -> None:
    for path in (ROOT / "federation" / "migrations").glob("0*.py"):
        migration = importlib.import_module(f"federation.migrations.{path.stem}").Migration
        assert {app for app, _ in migration.dependencies} <= {"federation"}
