"""Detections at the door: one answer a line, the same answer for the same body."""

import gzip
from typing import Any
from uuid import uuid4

import pytest

from indicators.detections.identifiers import allowlist
from indicators.models import Detection, Job
from tests.ingest.conftest import Service, content, finding


def statuses(answer: dict[str, Any]) -> list[str]:
    return [result["status"] for result in answer["results"]]


def test_a_small_body_is_answered_by_line(alder: Service) -> None:
    response = alder.send(finding("f-1"), b"{}", finding("f-2"))
    assert response.status_code == 200
    assert statuses(content(response)) == ["accepted", "rejected", "accepted"]


def test_each_result_names_line_and_detection(alder: Service) -> None:
    result = alder.sent(finding("f-1"))["results"][0]
    held = Detection.objects.get()
    assert (result["line"], result["id"], result["uid"]) == (1, str(held.uuid), "f-1")


def test_an_error_names_its_place_and_not_the_value(alder: Service) -> None:
    account = {"ref": "a", "identifiers": [{"kind": "email", "value": "not-an-address"}]}
    response = alder.send(finding(accounts=[account]))
    error = content(response)["results"][0]["errors"][0]
    assert error["pointer"] == "/accounts/0/identifiers/0/value"
    assert b"not-an-address" not in response.content


def test_a_raw_prompt_is_refused(alder: Service) -> None:
    result = content(alder.send(finding(prompt_text="Explain step by step")))["results"][0]
    assert result["status"] == "rejected"
    assert "prompts" in result["errors"][0]["message"]


def test_a_large_body_is_answered_by_a_job(alder: Service) -> None:
    response = alder.send(*(finding(f"f-{n}") for n in range(101)))
    answer = content(response)
    assert response.status_code == 202
    assert response.headers["Location"] == f"/ingest/v1/jobs/{answer['job']}"
    assert (answer["accepted"], "results" in answer) == (101, False)


def test_a_job_shows_the_results_of_every_line(alder: Service) -> None:
    answer = content(alder.send(finding("f-1"), b"{"))
    report = content(alder.get(f"jobs/{answer['job']}"))
    assert report["results"] == answer["results"]


def test_a_job_shows_at_which_stage_its_detections_are(alder: Service) -> None:
    answer = alder.sent(finding("f-1"), finding("f-2"))
    Detection.objects.filter(uid="f-2").update(stage="published")
    report = content(alder.get(f"jobs/{answer['job']}"))
    assert report["stages"] == {"published": 1, "received": 1}


def test_a_job_is_not_shown_to_another_detector(alder: Service, birch: Service) -> None:
    answer = alder.sent(finding())
    assert birch.get(f"jobs/{answer['job']}").status_code == 404


def test_an_unknown_job_is_not_found(alder: Service) -> None:
    assert alder.get(f"jobs/{uuid4()}").status_code == 404


def test_a_replay_gets_the_same_answer(alder: Service) -> None:
    first = alder.send(finding(), Idempotency_Key="k-1")
    again = alder.send(finding(), Idempotency_Key="k-1")
    assert again.content == first.content
    assert Job.objects.count() == 1


def test_a_replay_may_be_packed_otherwise(alder: Service) -> None:
    first = alder.send(b"{}", Idempotency_Key="k-1")
    again = alder.send(gzip.compress(b"{}"), Idempotency_Key="k-1", Content_Encoding="gzip")
    assert again.content == first.content


def test_a_key_with_another_body_is_a_conflict(alder: Service) -> None:
    alder.send(finding("f-1"), Idempotency_Key="k-1")
    assert alder.send(finding("f-2"), Idempotency_Key="k-1").status_code == 409
    assert Detection.objects.count() == 1


def test_another_detectors_key_is_no_conflict(alder: Service, birch: Service) -> None:
    alder.send(finding("f-1"), Idempotency_Key="k-1")
    assert birch.send(finding("f-2"), Idempotency_Key="k-1").status_code == 200


def test_without_a_key_the_lines_themselves_are_recognized(alder: Service) -> None:
    first, again = alder.sent(finding()), alder.sent(finding())
    assert statuses(again) == ["duplicate"]
    assert again["results"][0]["id"] == first["results"][0]["id"]


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 201])
def test_an_odd_key_is_refused(alder: Service, key: str) -> None:
    assert alder.send(finding(), Idempotency_Key=key).status_code == 400


def test_gzip_is_unpacked(alder: Service) -> None:
    lines = b"\n".join([b"{}"] * 3)
    response = alder.send(gzip.compress(lines), Content_Encoding="gzip")
    assert content(response)["rejected"] == 3


def test_a_dry_run_stores_nothing(alder: Service) -> None:
    response = alder.send(finding(), b"{", query="?dry_run=true")
    assert statuses(content(response)) == ["accepted", "rejected"]
    assert not Detection.objects.exists()
    assert not Job.objects.exists()


def test_a_dry_run_shows_what_becomes_of_identifiers(alder: Service) -> None:
    response = alder.send(finding(description="They talk to me."), query="?dry_run=true")
    preview = content(response)["results"][0]["preview"]
    assert preview["tokenized"] == {"email": 1, "email-canonical": 1}
    assert "description" in {each["field"] for each in preview["withheld"]}
    assert "campaign" in {each["type"] for each in preview["goes"]}


def test_a_dry_run_leaves_out_what_is_on_an_allow_list(alder: Service) -> None:
    allowlist.add("email", "f-1@example.org", reason="A vendor", actor="ana")
    response = alder.send(finding("f-1"), query="?dry_run=true")
    assert content(response)["results"][0]["preview"]["tokenized"] == {}


def test_a_dry_run_shows_no_identifier(alder: Service) -> None:
    response = alder.send(finding("secret-name"), query="?dry_run=true")
    assert b"secret-name@example.org" not in response.content


@pytest.mark.parametrize(
    "query", ["?dry_run=perhaps", "?dry_run=", "?dryrun=true", "?dry_run=true&dry_run=false"]
)
def test_an_unclear_dry_run_is_refused(alder: Service, query: str) -> None:
    assert alder.send(finding(), query=query).status_code == 400
    assert not Detection.objects.exists()


@pytest.mark.parametrize("body", [b"\n", b"\n\n", b" \r\n"])
def test_a_body_without_a_line_is_refused(alder: Service, body: bytes) -> None:
    assert alder.send(body).status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/octet-stream",
        "text/plain",
        "application/x-ndjson; charset=utf-16",
        "application/x-ndjson; charset=latin-1",
        "application/x-ndjson; profile=x",
        "application/stix+json;version=2.0",
    ],
)
def test_an_unknown_media_type_is_refused(alder: Service, content_type: str) -> None:
    response = alder.send(finding(), content_type=content_type)
    assert response.status_code == 415


@pytest.mark.parametrize(
    "content_type", ["application/x-ndjson; charset=utf-8", 'Application/X-NDJSON; charset="UTF-8"']
)
def test_a_media_type_is_read_as_http_reads_it(alder: Service, content_type: str) -> None:
    assert alder.send(finding(), content_type=content_type).status_code == 200


def test_lines_count_against_the_allowance(alder: Service, settings: Any) -> None:
    settings.INGEST_LINES_PER_MINUTE = 10
    assert alder.send(*[b"{}"] * 8).status_code == 200
    refused = alder.send(*[b"{}"] * 8)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


def test_requests_count_against_the_allowance(alder: Service, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 1
    alder.send(b"{}")
    assert alder.send(b"{}").status_code == 429
