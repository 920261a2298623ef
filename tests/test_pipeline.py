"""A POST from the door to its status: at once, by a worker, and across the worker's deaths."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import orjson
import pytest
from celery import Celery, current_app
from django.db import connection

from federation.transparency.audit import verify_log
from indicators import pipeline
from indicators.models import Collection, Entry, Member, Status
from indicators.pipeline import handing_over, receiving
from indicators.stix import UnreadableInput
from indicators.store.custody import check_custody, open_collection
from tests.objects import domain_name, envelope, id_of, indicator, stix_objects
from tests.store.witness import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def forum(db: None) -> Collection:
    return open_collection(title="Forum")


@pytest.fixture
def alder(db: None) -> Member:
    return Member.objects.create(name="Alder", identity_id=id_of("identity", "Alder"))


@pytest.fixture(autouse=True)
def small(settings: Any) -> Iterator[None]:
    """More than four objects are a large POST, stored three at a time."""
    settings.POST_AT_ONCE = 4
    with mock.patch.object(receiving, "BATCH", 3):
        yield


@pytest.fixture
def sent() -> Iterator[mock.Mock]:
    """What is handed to the broker."""
    with mock.patch.object(current_app, "send_task") as send:
        yield send


@pytest.fixture
def large(forum: Collection, alder: Member, sent: mock.Mock) -> Status:
    """Ten objects, one of them the same twice, and one that is no object."""
    values = [indicator(n) for n in range(8)] + [indicator(0), domain_name("a.example")]
    return pipeline.receive(forum, alder, envelope(*values, {"type": "indicator"}))


def lists(status: Status) -> dict[str, list[dict[str, str]]]:
    names = ("successes", "failures", "pendings")
    return {name: orjson.loads(bytes(getattr(status, name))) for name in names}


def counted(status: Status) -> tuple[int, int, int]:
    """(success, failure, pending), after what TAXII demands of them is checked."""
    status.refresh_from_db()
    found = {name: len(details) for name, details in lists(status).items()}
    assert status.success_count == found["successes"]
    assert status.failure_count == found["failures"]
    assert sum(found.values()) == status.total_count
    assert (status.payload is None) == (found["pendings"] == 0)
    return found["successes"], found["failures"], found["pendings"]


def test_a_small_post_is_complete_when_it_is_answered(forum: Collection, alder: Member) -> None:
    status = pipeline.receive(forum, alder, envelope(indicator("a"), domain_name("a.example")))
    assert counted(status) == (2, 0, 0)
    assert Entry.objects.count() == 2


def test_good_objects_are_stored_though_others_fail(forum: Collection, alder: Member) -> None:
    pipeline.receive(forum, alder, envelope(indicator("a")))
    status = pipeline.receive(
        forum,
        alder,
        envelope(indicator("b"), indicator("a"), indicator("a", name="other"), {"id": "x"}),
    )
    assert counted(status) == (2, 2, 0)
    assert Entry.objects.count() == 2


def test_a_failure_carries_id_version_and_reason(forum: Collection, alder: Member) -> None:
    status = pipeline.receive(
        forum, alder, envelope(indicator("a", pattern_type=None), {"type": "indicator"}, 7)
    )
    failures = lists(status)["failures"]
    assert failures[0]["id"] == id_of("indicator", "a")
    assert [failure["id"] for failure in failures[1:]] == ["objects/1", "objects/2"]
    assert all(failure["version"] and failure["message"] for failure in failures)


def test_many_problems_of_one_object_are_one_failure(forum: Collection, alder: Member) -> None:
    status = pipeline.receive(forum, alder, envelope(indicator("a", pattern=1, valid_from=2)))
    assert counted(status) == (0, 1, 0)
    assert lists(status)["failures"][0]["message"].count("; ") >= 1


def test_versions_are_those_that_the_feed_shows(forum: Collection, alder: Member) -> None:
    status = pipeline.receive(forum, alder, envelope(domain_name("a.example"), indicator("a")))
    shown = [entry.version for entry in Entry.objects.order_by("seq")]
    named = [datetime.fromisoformat(each["version"]) for each in lists(status)["successes"]]
    assert named == shown


def test_an_unreadable_post_leaves_no_status(forum: Collection, alder: Member) -> None:
    with pytest.raises(UnreadableInput):
        pipeline.receive(forum, alder, b"[]")
    assert not Status.objects.exists()


def test_a_post_that_could_not_be_stored_leaves_no_status(forum: Collection, alder: Member) -> None:
    with (
        mock.patch("federation.transparency.log.append", side_effect=OSError),
        pytest.raises(OSError),
    ):
        pipeline.receive(forum, alder, envelope(indicator("a")))
    assert not Status.objects.exists()
    assert not Entry.objects.exists()


def test_a_large_post_is_pending_until_a_worker_finishes_it(large: Status) -> None:
    assert counted(large) == (0, 1, 10)
    assert not Entry.objects.exists()
    pipeline.finish_post(large.pk)
    assert counted(large) == (10, 1, 0)
    assert Entry.objects.count() == 9


@pytest.mark.django_db(transaction=True)
def test_a_large_post_is_handed_to_a_worker_by_its_id_alone(
    forum: Collection, alder: Member, sent: mock.Mock
) -> None:
    status = pipeline.receive(forum, alder, envelope(*(indicator(n) for n in range(5))))
    assert sent.call_args.args == (pipeline.FINISH_POST,)
    assert sent.call_args.kwargs["args"] == [str(status.pk)]


def test_finishing_a_finished_post_changes_nothing(large: Status) -> None:
    for _ in range(3):
        pipeline.finish_post(large.pk)
    assert counted(large) == (10, 1, 0)
    assert verify_log(large.collection_id).size == 9


def test_an_unknown_post_is_nothing_to_finish(db: None) -> None:
    pipeline.finish_post(id_of("x").removeprefix("x--"))  # type: ignore[arg-type]


@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.parametrize("step", ["admitted", "recorded"])
def test_a_worker_that_dies_leaves_whole_batches(large: Status, after: int, step: str) -> None:
    """It dies with a batch stored, or with its status written too, but not committed."""
    name, owner = {"admitted": ("admit_posted", receiving), "recorded": ("save", Status)}[step]
    original, calls = getattr(owner, name), iter(range(1, 100))

    def die(*args: Any, **more: Any) -> Any:
        found = original(*args, **more)
        if next(calls) == after:
            raise KeyboardInterrupt
        return found

    with mock.patch.object(owner, name, die), pytest.raises(KeyboardInterrupt):
        pipeline.finish_post(large.pk)
    done = 3 * (after - 1)
    assert counted(large) == (done, 1, 10 - done)
    assert Entry.objects.count() == done
    pipeline.finish_post(large.pk)
    assert counted(large) == (10, 1, 0)
    assert check_custody(large.collection, verify_log(large.collection_id).size).served == 9


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_one_post_store_it_once(large: Status) -> None:
    def finish() -> None:
        pipeline.finish_post(large.pk)

    together(finish, finish, finish)
    assert counted(large) == (10, 1, 0)
    assert verify_log(large.collection_id).size == 9


def test_the_payload_is_not_written_again_with_every_batch(large: Status) -> None:
    written: list[str] = []

    def watch(run: Any, query: str, params: Any, many: bool, context: Any) -> Any:
        if query.startswith("UPDATE") and '"payload"' in query:
            written.append(query)
        return run(query, params, many, context)

    with connection.execute_wrapper(watch):
        pipeline.finish_post(large.pk)
    assert len(written) == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_post_stays_pending_and_is_handed_over_later(
    forum: Collection, alder: Member
) -> None:
    body = envelope(*(indicator(n) for n in range(5)))
    nobody_listens = Celery("down", broker="redis://127.0.0.1:9/0", set_as_current=False)
    nobody_listens.conf.broker_transport_options = {"max_retries": 0}
    with mock.patch.object(handing_over, "current_app", nobody_listens):
        status = pipeline.receive(forum, alder, body)
    assert counted(status) == (0, 0, 5)
    with mock.patch.object(current_app, "send_task") as send:
        assert pipeline.resume_pending(datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert send.call_args.kwargs["args"] == [str(status.pk)]
    pipeline.finish_post(status.pk)
    assert counted(status) == (5, 0, 0)


def test_what_was_just_handed_over_is_not_handed_over_again(large: Status, sent: mock.Mock) -> None:
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert pipeline.resume_pending(large.handed_over_at) == 0
    assert pipeline.resume_pending(later) == 1
    assert pipeline.resume_pending(datetime.now(UTC) - timedelta(seconds=30)) == 0


def test_a_finished_post_is_not_handed_over(large: Status, sent: mock.Mock) -> None:
    pipeline.finish_post(large.pk)
    assert pipeline.resume_pending(datetime.now(UTC) + timedelta(days=1)) == 0


def test_an_import_is_admitted_batch_by_batch(forum: Collection, alder: Member) -> None:
    objects = stix_objects([indicator(n) for n in range(8)])
    batches = [len(outcomes) for outcomes in pipeline.import_objects(forum, alder, objects)]
    assert batches == [3, 3, 2]
    assert [entry.stix_id for entry in Entry.objects.order_by("seq")] == [o.id for o in objects]
