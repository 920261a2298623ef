"""The analysts' pages on a large store: how long until the first byte of each.

On the node that the other benchmarks filled, with ten thousand matches more. The pages are those
that people reach by links, asked for one after another by somebody who has every role.
"""

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_urlsafe
from statistics import median
from time import perf_counter
from uuid import uuid4

from tests.benchmarks.figures import Figure
from tests.benchmarks.place import Place, adopt, settle

MATCHES = 10_000
_A_CLUSTER = 5
_TIMES = 5
_PATIENCE = 1_800.0
_FLOWS = 60.0

_CLUSTERS = """
INSERT INTO indicators_cluster (detector_id, token, incarnation, is_open, draft_due)
SELECT %s, lpad(n::text, 22, '0'), 1, true, false FROM generate_series(1, %s) n RETURNING id
"""
_DETECTIONS = """
INSERT INTO indicators_detection
    (uuid, detector_id, uid, revision, job_id, cluster_id, is_open, digest, account_count, stage,
     stage_since, failed_stage, reason, verdict, received_at, expires_at)
SELECT gen_random_uuid(), %s, 'finding ' || c, 1, %s, c, true, '', 200, 'published', now(), '', '',
       '', now(), now() + interval '90 days' FROM unnest(%s::int8[]) c
"""
_KNOWN = """
INSERT INTO indicators_knownindicator
    (stix_id, version, origin_id, is_own, is_live, semantics, min_matches, token_count, pattern,
     confidence, is_first_party, echo_of, decay_speed, revoke_score, modified, tlp, subject)
SELECT stix_id, max(version), %(origin)s, false, true, 'exact', 1, 500, '', 70, true, '', 1, 0,
       max(version), 1, stix_id
FROM indicators_objectversion WHERE type = 'indicator' GROUP BY stix_id ORDER BY stix_id
LIMIT %(count)s ON CONFLICT DO NOTHING
"""
_MATCHES = """
INSERT INTO indicators_match
    (uuid, cluster_id, stix_id, semantics, kinds, token_count, account_count, state, found_at,
     changed_at)
SELECT gen_random_uuid(), (%(clusters)s::int8[])[1 + n %% %(a_cluster)s], stix_id, 'exact',
       '{"email": 3, "ip": 2}', 5, 4, 'open', now(), now() - n * interval '1 second'
FROM (SELECT stix_id, row_number() OVER (ORDER BY stix_id) AS n
      FROM indicators_knownindicator WHERE NOT is_own LIMIT %(count)s) k
"""


@dataclass(frozen=True)
class Taken:
    """What a page took to its first byte, each time in seconds."""

    name: str
    path: str
    seconds: list[float]


def run(place: Place) -> list[Figure]:
    add_matches()
    settle()
    await_catalogue(place.objects)
    return _figures(list(first_bytes(place.node.port, _session())), most=400)


def run_on_the_demonstration() -> list[Figure]:
    """The same at an organization of `up --demo`, after its campaigns flowed for a while."""
    import tempfile
    from pathlib import Path

    from tests.journeys.demo import forget_demo, four_free_ports, running_demo

    with tempfile.TemporaryDirectory(prefix="retort-demo-") as folder:
        root = Path(folder)
        root.chmod(0o711)
        with running_demo(root, four_free_ports()) as demo:
            demo.await_started()
            adopt(root / "settings")
            time.sleep(_FLOWS)
            url, password = demo.door()
            taken: list[Taken] = []
            for name in ("ana", "rae"):
                known = {page.name for page in taken}
                found = first_bytes(int(url.rpartition(":")[2]), signed_in(url, name, password))
                taken += [page for page in found if page.name not in known]
        forget_demo(root)
    return _figures(taken, most=200)


def _figures(taken: list[Taken], most: float) -> list[Figure]:
    figures = [
        Figure(f"page {page.name}, first byte", 1e3 * median(page.seconds), "ms", at_most=most)
        for page in sorted(taken, key=lambda page: -median(page.seconds))
    ]
    return [*figures, Figure("pages that links lead to", len(taken), "")]


def add_matches() -> None:
    """Leads on two thousand clusters, made as rows: matching is another benchmark."""
    from indicators.models import Member
    from indicators.store.sql import open_cursor
    from tests.benchmarks.bench_reconcile import Local

    local = Local.begin()
    origin = Member.objects.create(name="Cedar", identity_id=f"identity--{uuid4()}")
    count = MATCHES // _A_CLUSTER
    with open_cursor() as cursor:
        cursor.execute(_CLUSTERS, (local.detector.pk, count))
        clusters = [number for (number,) in cursor.fetchall()]
        cursor.execute(_DETECTIONS, (local.detector.pk, local.job.pk, clusters))
        cursor.execute(_KNOWN, {"origin": origin.pk, "count": MATCHES})
        asked = {"clusters": clusters, "a_cluster": len(clusters), "count": MATCHES}
        cursor.execute(_MATCHES, asked)


def await_catalogue(objects: int) -> None:
    """Until the node's worker has listed every object: pages are made from that list."""
    from indicators.models import CatalogRow

    deadline = time.monotonic() + _PATIENCE
    while (listed := CatalogRow.objects.count()) < 0.97 * objects:
        if time.monotonic() > deadline:
            raise RuntimeError(f"Only {listed:,} of {objects:,} objects are in the catalogue.")
        time.sleep(1)


def first_bytes(port: int, cookie: str) -> Iterator[Taken]:
    """Each page that links lead to, by whoever has this cookie."""
    from tests.journeys.crawl import Place as Page
    from tests.journeys.crawl import crawl

    times: dict[str, list[float]] = {}

    def open_page(page: Page) -> str:
        html = ""
        for _ in range(_TIMES):
            seconds, html = _ask(port, page.path, cookie)
            if seconds is not None:
                times.setdefault(page.path, []).append(seconds)
        return html

    for page in crawl(open_page, f"http://127.0.0.1:{port}", "/overview/"):
        if page.path in times:
            yield Taken(page.name, page.path, times[page.path])


def signed_in(url: str, name: str, password: str) -> str:
    """The cookie of a person who signs in at the door."""
    import re

    import requests

    with requests.Session() as session:
        form = session.get(f"{url}/overview/", timeout=20)
        hidden = dict(re.findall(r'name="(csrfmiddlewaretoken|next)" value="([^"]*)"', form.text))
        fields = {"login": name, "password": password, **hidden}
        session.post(form.url, data=fields, headers={"Referer": form.url}, timeout=60)
        return "; ".join(f"{key}={value}" for key, value in session.cookies.items())


def _session() -> str:
    from django.contrib.auth.models import User
    from django.test import Client

    from indicators.models import Person, Role

    ana = User.objects.create_user("ana", password=token_urlsafe())
    Person.objects.create(user=ana, roles=list(Role))
    client = Client()
    client.force_login(ana)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def _ask(port: int, path: str, cookie: str) -> tuple[float | None, str]:
    """Seconds to the first byte, and the page; a connection that is open already is used."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    try:
        began = perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie, "Accept": "text/html"})
        answer = connection.getresponse()
        seconds = perf_counter() - began
        body = answer.read()
    finally:
        connection.close()
    if answer.status == 302:  # second factors are shown to who confirms the password
        return None, ""
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status}.")
    is_page = answer.headers.get_content_type() == "text/html"
    return seconds, body.decode() if is_page else ""
