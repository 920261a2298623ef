"""OCSF Detection Findings: an event a finding."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from indicators.detections.finding import Identifier
from indicators.detections.formats import Limits
from tests.detections.reading import (
    JUNE,
    NATIVE,
    OCSF,
    OCSF_LINES,
    faults,
    found,
    ndjson,
    pointers,
    read,
    read_one,
)

VECTOR = Path(__file__).parent.parent / "vectors" / "detections" / "ocsf-detection-finding.json"


def event(**changes: Any) -> dict[str, Any]:
    return {
        "class_uid": 2004,
        "time": 1782432000000,
        "finding_info": {"uid": "HC-1"},
        **changes,
    }


def exchange(**fields: Any) -> dict[str, Any]:
    return event(unmapped={"exchange": fields})


def one(value: Any) -> Any:
    return found(read_one(OCSF, json.dumps(value).encode()))


def refusal(value: Any) -> list[tuple[str, str]]:
    return faults(read_one(OCSF, json.dumps(value).encode()))


# --- The published example ---


def test_the_example_names_finding_and_cluster() -> None:
    read_in = found(read_one(OCSF, VECTOR.read_bytes()))
    assert (read_in.uid, read_in.cluster.key) == ("HC-0001", "HC-0001")
    assert (read_in.cluster.first_seen, read_in.detector_version) == (JUNE, "0.1")
    assert (read_in.confidence, read_in.sharing.tlp) == (82, "amber+strict")


def test_the_example_has_the_traffic_of_its_day() -> None:
    (window,) = found(read_one(OCSF, VECTOR.read_bytes())).windows
    assert (window.start, window.seconds) == (JUNE, 86400)
    assert (window.account_count, window.synchrony_score) == (312, 0.93)


def test_the_example_keeps_its_raw_identifier() -> None:
    (seen,) = found(read_one(OCSF, VECTOR.read_bytes())).accounts
    assert [each.kind for each in seen.identifiers] == ["payment-instrument"]


# --- Documents and lines ---


def test_a_list_of_events_is_numbered_by_place() -> None:
    lines = read(OCSF, json.dumps([event(), 5, event()]).encode())
    assert [(line.number, bool(line.finding)) for line in lines] == [
        (1, True),
        (2, False),
        (3, True),
    ]


def test_events_come_as_lines_too() -> None:
    assert all(line.finding for line in read(OCSF_LINES, ndjson(event(), event())))


def test_a_list_beyond_the_limit_ends_in_one_error() -> None:
    lines = read(OCSF, json.dumps([event()] * 5).encode(), Limits(lines=3))
    assert [bool(line.finding) for line in lines] == [True, True, True, False]


def test_a_document_beyond_the_limit_is_one_error() -> None:
    assert pointers(*read(OCSF, [b" " * 60, b" " * 60], Limits(body_bytes=100))) == [""]


def test_another_class_is_refused() -> None:
    assert refusal(event(class_uid=2001)) == [("/class_uid", "class_uid must be one of 2004.")]


# --- Fields ---


def test_a_revision_is_the_sequence_of_the_event() -> None:
    assert one(event(metadata={"sequence": 3})).revision == 3


def test_without_sequence_a_later_change_is_a_later_revision() -> None:
    first = one(event())
    second = one(event(finding_info={"uid": "HC-1", "modified_time": 1782432001000}))
    assert second.revision == first.revision + 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"activity_id": 1, "status_id": 2}, ("open", None)),
        ({"activity_id": 3}, ("closed", None)),
        ({"status_id": 3}, ("closed", "false-positive")),
        ({"status_id": 4}, ("closed", "resolved")),
        ({"status_id": 6}, ("closed", None)),
    ],
)
def test_a_status_says_whether_it_is_over(changes: dict[str, Any], expected: object) -> None:
    read_in = one(event(**changes))
    assert (read_in.status, read_in.closed_because) == expected


def test_an_evidence_about_a_user_is_an_account() -> None:
    seen = {
        "actor": {
            "user": {"uid": "u-1", "email_addr": "a@mail.example", "full_name": "Ana Lowell"}
        },
        "src_endpoint": {"ip": "198.51.100.7"},
        "device": {"uid": "dv-1"},
    }
    (account,) = one(event(evidences=[seen, copy.deepcopy(seen)])).accounts
    assert (account.ref, account.person_names) == ("u-1", ("Ana Lowell",))
    assert account.identifiers == (
        Identifier("email", "a@mail.example"),
        Identifier("ip", "198.51.100.7"),
        Identifier("device", "dv-1"),
    )


def test_identifiers_of_no_account_share_one() -> None:
    seen = [{"type_id": 2, "value": f"198.51.100.{number}"} for number in range(150)]
    accounts = one(event(observables=seen)).accounts
    assert [(each.ref, len(each.identifiers)) for each in accounts] == [
        ("unassigned-1", 100),
        ("unassigned-2", 50),
    ]


def test_a_raw_identifier_may_name_its_account() -> None:
    raw = {"kind": "phone", "value": "0151 1234567", "region": "DE", "account": "u-2"}
    (account,) = one(exchange(identifiers_raw=[raw])).accounts
    assert account.ref == "u-2"
    assert account.identifiers == (Identifier("phone", "0151 1234567", "DE"),)


def test_what_ocsf_has_no_place_for_stands_in_the_exchange() -> None:
    read_in = one(
        exchange(cluster_key="graph-1", cluster_size={"value": 40}, capability_targets=["coding"])
    )
    assert (read_in.cluster.key, read_in.cluster.size.value) == ("graph-1", 40)
    assert read_in.capability_targets == ("coding",)


def test_an_evidence_can_carry_coordination_and_campaign() -> None:
    read_in = one(
        event(
            evidences=[
                {
                    "data": {
                        "schema": "coordination-evidence/1.0",
                        "method": "dense-subgraph",
                        "cluster_size": {"value": 312, "qualifier": "ge"},
                        "expected_false_positive_rate": 0.02,
                    }
                },
                {
                    "data": {
                        "schema": "distillation-campaign/1.0",
                        "access_paths": ["reseller-proxy"],
                        "account_count": {"value": 400},
                        "pivot_events": [
                            {"trigger": "price-change", "latency_hours": {"value": 4.5}}
                        ],
                    }
                },
            ]
        )
    )
    assert read_in.coordination.method == "dense-subgraph"
    assert read_in.cluster.size.value == 312
    assert read_in.expected_false_positive_rate == 0.02
    assert read_in.access_paths == ("reseller-proxy",)
    assert read_in.pivots[0].latency_hours == 4.5


def test_windows_are_put_in_order() -> None:
    def traffic(start: str) -> dict[str, Any]:
        return {
            "data": {
                "schema": "ai-traffic-aggregate/1.0",
                "window_start": start,
                "window_seconds": 3600,
                "account_count": 12,
                "request_count": 100,
            }
        }

    late, early = traffic("2026-06-25T01:00:00Z"), traffic("2026-06-25T00:00:00Z")
    windows = one(event(evidences=[late, early])).windows
    assert [window.start.hour for window in windows] == [0, 1]


def test_a_fault_in_an_evidence_points_into_it() -> None:
    traffic = {"schema": "ai-traffic-aggregate/1.0", "account_count": 1, "request_count": 1}
    assert refusal(event(evidences=[{}, {"data": traffic}])) == [
        ("/evidences/1/data/window_start", "The field window_start is missing; add it.")
    ]


def test_evidence_of_another_schema_is_read_over() -> None:
    assert one(event(evidences=[{"data": {"schema": "other/1.0", "x": 1}}, {"data": "text"}]))


def test_raw_prompts_are_refused_also_where_nothing_else_is_read() -> None:
    ((pointer, message),) = refusal(event(raw={"deep": [{"messages": ["x"]}]}))
    assert pointer == "/raw/deep/0/messages"
    assert message.startswith("Raw prompts")


def test_a_finding_means_the_same_as_an_event_and_as_a_native_line() -> None:
    line = read_one(OCSF, VECTOR.read_bytes())
    assert read_one(NATIVE, line.digest_source).digest_source == line.digest_source
