"""STIX bundles: a finding for each cluster, all or none."""

import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
import rfc8785

from indicators.detections.finding import Finding, Identifier
from indicators.detections.formats import Limits, Line
from indicators.stix.extensions import extensions
from tests.detections.reading import JUNE, NATIVE, STIX, faults, found, read, read_one

_VECTORS = Path(__file__).parent.parent / "vectors" / "stix"
_OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
_TIME = "2026-06-25T00:00:00.000Z"
_EXTENSION = {extension.name: extension.id for extension in extensions().values()}
_AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"


def domain_object(kind: str, key: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid5(NAMESPACE_URL, key)}",
        "created": _TIME,
        "modified": _TIME,
        **changes,
    }


def observable(kind: str, contributing: dict[str, Any], **more: Any) -> dict[str, Any]:
    named = rfc8785.dumps(contributing).decode()
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid5(_OBSERVABLES, named)}",
        **contributing,
        **more,
    }


def cluster(key: str = "c1", **changes: Any) -> dict[str, Any]:
    return domain_object("infrastructure", key, name=f"Cluster {key}", **changes)


def campaign(key: str, **properties: Any) -> dict[str, Any]:
    extension = {"extension_type": "property-extension", "allegation_status": "alleged"}
    return domain_object(
        "campaign",
        key,
        name=f"Campaign {key}",
        extensions={_EXTENSION["distillation-campaign"]: {**extension, **properties}},
    )


def joined(one: dict[str, Any], verb: str, other: dict[str, Any]) -> dict[str, Any]:
    return domain_object(
        "relationship",
        one["id"] + other["id"],
        relationship_type=verb,
        source_ref=one["id"],
        target_ref=other["id"],
    )


def observed(*objects: dict[str, Any]) -> dict[str, Any]:
    return domain_object(
        "observed-data",
        "".join(each["id"] for each in objects),
        first_observed=_TIME,
        last_observed=_TIME,
        number_observed=1,
        object_refs=[each["id"] for each in objects],
    )


def user(name: str, **more: Any) -> dict[str, Any]:
    return observable("user-account", {"account_login": name}, **more)


def address(value: str) -> dict[str, Any]:
    return observable("ipv4-addr", {"value": value})


def email(value: str, **more: Any) -> dict[str, Any]:
    return observable("email-addr", {"value": value}, **more)


def bundle(*objects: dict[str, Any]) -> bytes:
    identity = f"bundle--{uuid5(NAMESPACE_URL, 'bundle')}"
    return json.dumps({"type": "bundle", "id": identity, "objects": objects}).encode()


def one(*objects: dict[str, Any]) -> Finding:
    return found(read_one(STIX, bundle(*objects)))


def by_key(lines: list[Line]) -> dict[str, Finding]:
    return {str(found(line).title): found(line) for line in lines}


# --- The cluster ---


def test_an_infrastructure_is_a_cluster() -> None:
    read_in = one(cluster(confidence=70, first_seen=_TIME, object_marking_refs=[_AMBER]))
    assert read_in.uid == read_in.cluster.key == cluster()["id"]
    assert (read_in.title, read_in.confidence) == ("Cluster c1", 70)
    assert (read_in.cluster.first_seen, read_in.sharing.tlp) == (JUNE, "amber")


def test_a_later_version_is_a_later_revision() -> None:
    later = cluster(modified="2026-06-25T00:01:00.000Z")
    assert one(later).revision == one(cluster()).revision + 60


def test_of_several_versions_the_newest_is_read() -> None:
    later = cluster(modified="2026-06-25T00:01:00.000Z", revoked=True)
    assert one(later, cluster()).status == "closed"


def test_a_revoked_cluster_is_closed() -> None:
    assert one(cluster(revoked=True)).status == "closed"


def test_coordination_evidence_is_of_the_cluster() -> None:
    evidence = {
        "extension_type": "property-extension",
        "method": "dense-subgraph",
        "score": 0.9,
        "cluster_size": {"value": 312, "qualifier": "ge"},
        "detector": {"name": "refdetector", "version": "2.3"},
        "evidence_digest": "sha256:" + "0" * 64,
    }
    read_in = one(cluster(extensions={_EXTENSION["coordination-evidence"]: evidence}))
    assert read_in.coordination and read_in.coordination.method == "dense-subgraph"
    assert read_in.cluster.size and read_in.cluster.size.value == 312
    assert read_in.detector_version == "2.3"


def test_the_campaign_that_uses_a_cluster_says_what_it_is_after() -> None:
    by = campaign("x", capability_targets=["coding"], account_count={"value": 9, "qualifier": "gt"})
    used = cluster()
    read_in = one(by, used, joined(by, "uses", used))
    assert read_in.uid == used["id"]
    assert read_in.capability_targets == ("coding",)
    assert read_in.cluster.size and read_in.cluster.size.value == 9


def test_the_counts_of_a_campaign_with_two_clusters_are_of_neither() -> None:
    count = {"value": 1000, "qualifier": "exact"}
    by = campaign("x", capability_targets=["coding"], interaction_count=count)
    a, b = cluster("a"), cluster("b")
    lines = read(STIX, bundle(by, a, b, joined(by, "uses", a), joined(by, "uses", b)))
    for each in by_key(lines).values():
        assert (each.capability_targets, each.interaction_count) == (("coding",), None)


def test_a_campaign_without_cluster_is_one() -> None:
    assert one(campaign("x")).cluster.key == campaign("x")["id"]


def test_a_cluster_of_two_campaigns_is_refused() -> None:
    x, y, used = campaign("x"), campaign("y"), cluster()
    ((_, message),) = faults(
        read_one(STIX, bundle(used, x, y, joined(x, "uses", used), joined(y, "uses", used)))
    )
    assert message.startswith("Several campaigns use this infrastructure")


def test_the_largest_reported_campaign_is_read() -> None:
    lines = read(STIX, (_VECTORS / "public-reports.json").read_bytes())
    (read_in,) = [line.finding for line in lines if line.finding]
    assert read_in.cluster.size and read_in.cluster.size.value == 25_000
    assert read_in.interaction_count and read_in.interaction_count.value == 28_800_000


# --- Traffic and identifiers ---


def test_an_aggregate_is_a_window() -> None:
    extension = {_EXTENSION["ai-traffic-aggregate"]: {"extension_type": "new-sco"}}
    identity = {"cluster_key": "a" * 22, "window_start": _TIME, "window_seconds": 3600}
    traffic = observable(
        "ai-traffic-aggregate", identity, account_count=12, request_count=99, extensions=extension
    )
    (window,) = one(cluster(), traffic).windows
    assert (window.start, window.seconds, window.request_count) == (JUNE, 3600, 99)


def test_an_e_mail_address_names_its_account() -> None:
    owner = user("ana-1", display_name="Ana Lowell")
    (account,) = one(cluster(), owner, email("a@mail.example", belongs_to_ref=owner["id"])).accounts
    assert (account.ref, account.person_names) == ("ana-1", ("Ana Lowell",))
    assert account.identifiers == (Identifier("email", "a@mail.example"),)


def test_a_relationship_names_an_account() -> None:
    owner, host = user("ana-1"), address("198.51.100.7")
    (account,) = one(cluster(), owner, host, joined(owner, "related-to", host)).accounts
    assert account.identifiers == (Identifier("ip", "198.51.100.7"),)


def test_what_was_observed_with_one_account_is_of_that_account() -> None:
    owner, host = user("ana-1"), address("198.51.100.7")
    (account,) = one(cluster(), owner, host, observed(owner, host)).accounts
    assert (account.ref, len(account.identifiers)) == ("ana-1", 1)


def test_what_was_observed_with_two_accounts_is_of_neither() -> None:
    a, b, host = user("a"), user("b"), address("198.51.100.7")
    accounts = one(cluster(), a, b, host, observed(a, b, host)).accounts
    assert {each.ref: len(each.identifiers) for each in accounts} == {
        "a": 0,
        "b": 0,
        "unassigned-1": 1,
    }


# --- Several clusters ---


def test_relationships_deal_observables_out_to_clusters() -> None:
    a, b, one_user, other = cluster("a"), cluster("b"), user("u1"), user("u2")
    seen = observed(other)
    lines = read(
        STIX,
        bundle(
            a,
            b,
            one_user,
            other,
            seen,
            joined(a, "consists-of", one_user),
            joined(seen, "related-to", b),
        ),
    )
    held = {key: [each.ref for each in got.accounts] for key, got in by_key(lines).items()}
    assert held == {"Cluster a": ["u1"], "Cluster b": ["u2"]}


def test_a_shared_address_does_not_make_two_clusters_one() -> None:
    a, b, one_user, other = cluster("a"), cluster("b"), user("u1"), user("u2")
    host = address("198.51.100.7")
    lines = read(
        STIX,
        bundle(
            a,
            b,
            one_user,
            other,
            host,
            joined(a, "consists-of", one_user),
            joined(b, "consists-of", other),
            joined(one_user, "related-to", host),
            joined(other, "related-to", host),
        ),
    )
    held = by_key(lines)
    assert [each.ref for each in held["Cluster a"].accounts] == ["u1"]


def test_an_observable_of_no_cluster_is_an_error() -> None:
    lines = read(STIX, bundle(cluster("a"), cluster("b"), user("u1")))
    (stray,) = [line for line in lines if line.number == 3]
    assert "doesn't say to which" in stray.errors[0].message


def test_a_hub_does_not_make_a_bundle_endless() -> None:
    clusters = [cluster(str(number)) for number in range(30)]
    hosts = [address(f"198.51.100.{number}") for number in range(30)]
    seen = observed(*hosts)
    edges = [joined(each, "related-to", seen) for each in clusters]
    ((pointer, message),) = faults(
        *read(STIX, bundle(*clusters, *hosts, seen, *edges), Limits(rows=300))
    )
    assert (pointer, message.startswith("The clusters share too much")) == ("/objects", True)


def test_too_many_clusters_are_one_error() -> None:
    clusters = [cluster(str(number)) for number in range(101)]
    assert len(faults(*read(STIX, bundle(*clusters)))) == 1


# --- Faults ---


def test_a_bundle_is_taken_whole_or_not_at_all() -> None:
    wrong = {**address("198.51.100.7"), "value": 5}
    lines = read(STIX, bundle(cluster(), wrong))
    assert [(line.number, bool(line.finding)) for line in lines] == [(2, False), (1, False)]


def test_the_id_that_an_identifier_makes_is_not_repeated() -> None:
    right = address("198.51.100.7")
    other = address("198.51.100.8")["id"]
    lines = read(STIX, bundle(cluster(), {**right, "id": other}))
    assert all(right["id"] not in error.message for line in lines for error in line.errors)


def test_a_property_that_stix_does_not_have_is_not_repeated() -> None:
    lines = read(STIX, bundle(cluster(**{"a@mail.example": 1})))
    assert all("a@mail" not in str(line.errors) for line in lines)


def test_raw_prompts_are_refused_in_any_object() -> None:
    key = "extension-definition--" + str(uuid5(NAMESPACE_URL, "theirs"))
    theirs = {"extension_type": "property-extension", "prompt_text": "hello"}
    ((pointer, message),) = faults(read(STIX, bundle(cluster(extensions={key: theirs})))[0])
    assert pointer == "/extensions/prompt_text"
    assert message.startswith("Raw prompts")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", bundle(), bundle(user("u1")), b'{"type":"campaign"}']
)
def test_what_holds_no_cluster_is_one_error(body: bytes) -> None:
    assert len(faults(read_one(STIX, body))) == 1


def test_a_bundle_beyond_the_limit_is_one_error() -> None:
    assert faults(*read(STIX, bundle(cluster()), Limits(body_bytes=100)))


def test_a_finding_means_the_same_as_a_bundle_and_as_a_native_line() -> None:
    line = read_one(STIX, bundle(cluster(confidence=70), user("u1"), address("198.51.100.7")))
    assert read_one(NATIVE, line.digest_source).digest_source == line.digest_source
