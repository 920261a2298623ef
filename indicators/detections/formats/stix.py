"""STIX 2.1 bundles: a finding for each cluster in it. README.md has the table of fields.

A bundle is taken whole or not at all: if one object is at fault, no cluster of it is read, since
what was left out would be missing from it until a later revision.
"""

from collections.abc import Iterable, Iterator

import orjson

from federation.canonical import MalformedJSON, parse
from indicators.detections.finding import Identifier
from indicators.detections.formats.assembly import Assembly, revision_at
from indicators.detections.formats.extension_forms import (
    Aggregate,
    CampaignProperties,
    CoordinationEvidence,
)
from indicators.detections.formats.faults import plain_pointer, prompt_faults, syntax_fault
from indicators.detections.formats.line import LIMITS, Limits, Line, LineError, refused
from indicators.detections.formats.splitting import whole
from indicators.detections.formats.stix_graph import IDENTIFYING, READ, Graph, Node
from indicators.stix import Parsed, Problem, UnreadableInput
from indicators.stix.extensions import extensions
from indicators.stix.stream import parse_in_parts

_MOST_FAULTS = 1000
_MOST_CLUSTERS = 100
_IN_BUNDLE = "Other objects of the bundle have errors; correct them and send the bundle again."
_NO_CLUSTER = (
    "The bundle has neither an infrastructure nor a campaign; a finding is about one of them."
)
_LOOSE = (
    "The bundle has several clusters and doesn't say to which of them this belongs; add a "
    "relationship to its infrastructure, campaign, observed-data or user-account."
)
_SEVERAL_CAMPAIGNS = "Several campaigns use this infrastructure; send a bundle for each of them."
_NOT_STIX = "This is no property of the object in STIX 2.1 or in an extension that it names."
_NOT_ITS_ID = "id must be the UUIDv5 of what contributes to it (STIX 2.1 §2.9), or a random UUID."
_EXTENSIONS = {extension.name: extension.id for extension in extensions().values()}

_Fault = tuple[int, LineError]


def read_stix(chunks: Iterable[bytes], limits: Limits = LIMITS) -> Iterator[Line]:
    """A bundle or envelope. A line's number is the place of its object, from 1."""
    source = whole(chunks, limits)
    if isinstance(source, LineError):
        yield refused(1, b"", source)
        return
    try:
        _check_number(source, limits)
        parsed = parse_in_parts(source, max_bytes=limits.body_bytes)
    except MalformedJSON as error:
        yield refused(1, source, syntax_fault(error))
    except UnreadableInput as error:
        yield refused(1, source, LineError(plain_pointer(error.pointer)[0], str(error)))
    else:
        yield from _lines(parsed, limits)


def _check_number(source: bytes, limits: Limits) -> None:
    """Each element that is no object costs as much as one, and two bytes of body: they are counted
    before any is looked at."""
    document = parse(source, max_bytes=limits.body_bytes)
    objects = document.get("objects") if isinstance(document, dict) else None
    if isinstance(objects, list) and len(objects) > limits.rows:
        raise UnreadableInput(
            f"The bundle has more than {limits.rows:,} objects; send fewer clusters at a time.",
            pointer="/objects",
        )


def _lines(parsed: Parsed, limits: Limits) -> Iterator[Line]:
    faults: list[_Fault] = [(problem.index, _fault(problem)) for problem in parsed.problems]
    graph = Graph.of(_nodes(parsed, faults))
    dealt = _dealt(graph, limits)
    if isinstance(dealt, LineError):
        yield refused(1, b"", dealt)
        return
    faults.extend((node.stix.index, LineError("", _LOOSE)) for node in graph.loose(_owned(dealt)))
    if not dealt and not parsed.problems:
        faults = [(0, LineError("/objects", _NO_CLUSTER))]
    for index, error in sorted(faults[:_MOST_FAULTS], key=lambda fault: fault[0]):
        yield refused(index + 1, b"", error)
    for anchor, about in dealt:
        if faults:
            yield refused(anchor.stix.index + 1, anchor.stix.body, LineError("", _IN_BUNDLE))
        else:
            yield _finding(graph, anchor, about)


def _dealt(graph: Graph, limits: Limits) -> list[tuple[Node, list[Node]]] | LineError:
    """The clusters and what is about each. What they share is read for each of them, so it is
    bounded: hubs could otherwise make a small bundle endless."""
    anchors = graph.anchors()
    if len(anchors) > _MOST_CLUSTERS:
        return LineError(
            "/objects", f"The bundle has more than {_MOST_CLUSTERS} clusters; send fewer at a time."
        )
    dealt: list[tuple[Node, list[Node]]] = []
    total = 0
    for anchor in anchors:
        dealt.append((anchor, graph.about(anchor, anchors)))
        total += len(dealt[-1][1])
        if total > limits.rows:
            return LineError("/objects", "The clusters share too much; send them one at a time.")
    return dealt


def _owned(dealt: list[tuple[Node, list[Node]]]) -> list[list[Node]]:
    return [about for _, about in dealt]


def _fault(problem: Problem) -> LineError:
    """A name that can't be repeated takes the sentence with it, and so does the id that would be
    right: it is made of the raw identifier alone."""
    pointer, is_whole = plain_pointer(problem.pointer)
    if pointer == "/id" and "UUIDv5" in problem.message:
        return LineError(pointer, _NOT_ITS_ID)
    return LineError(pointer, problem.message if is_whole else _NOT_STIX)


def _nodes(parsed: Parsed, faults: list[_Fault]) -> Iterator[Node]:
    """The objects that are read; all of them are searched for raw prompts."""
    for each in parsed.objects:
        value = orjson.loads(each.body)
        faults.extend((each.index, error) for error in prompt_faults(value))
        if each.type in READ:
            yield Node(each, value)


def _finding(graph: Graph, anchor: Node, about: list[Node]) -> Line:
    assembly = Assembly(anchor.stix.index + 1, anchor.stix.body)
    _take_anchor(assembly, anchor)
    campaigns = graph.campaigns(anchor)
    if len(campaigns) > 1:
        assembly.fail("", _SEVERAL_CAMPAIGNS)
    for campaign in campaigns:
        _take_campaign(assembly, campaign, counts=not graph.is_shared(campaign))
    _take_coordination(assembly, anchor)
    own = {node.id for node in about}
    for node in about:
        accounts = [_ref(each) for each in graph.accounts_of(node) if each.id in own]
        _take_observable(assembly, node, accounts)
    return assembly.line()


def _take_anchor(assembly: Assembly, anchor: Node) -> None:
    """The id is the finding's uid and the cluster's key: STIX versions keep it."""
    value, modified = anchor.value, anchor.stix.modified
    assembly.fields.update(
        uid=anchor.id,
        revision=revision_at(modified) if modified else 1,
        status="closed" if anchor.stix.revoked else "open",
        detected_at=modified,
        title=value.get("name"),
        description=value.get("description"),
        confidence=value.get("confidence"),
        sharing={"tlp": anchor.stix.tlp},
    )
    assembly.cluster.update(
        key=anchor.id,
        first_seen=value.get("first_seen"),
        last_seen=value.get("last_seen"),
    )


def _take_campaign(assembly: Assembly, campaign: Node, *, counts: bool) -> None:
    stated = campaign.value.get("extensions", {}).get(_EXTENSIONS["distillation-campaign"])
    if stated is None:
        return
    if not counts:
        stated = {name: value for name, value in stated.items() if not name.endswith("_count")}
    path = ("extensions", _EXTENSIONS["distillation-campaign"])
    if form := assembly.read(stated, CampaignProperties, *path):
        assembly.take_campaign(form)


def _take_coordination(assembly: Assembly, anchor: Node) -> None:
    path = ("extensions", _EXTENSIONS["coordination-evidence"])
    stated = anchor.value.get("extensions", {}).get(_EXTENSIONS["coordination-evidence"])
    if stated is not None and (form := assembly.read(stated, CoordinationEvidence, *path)):
        assembly.take_coordination(form)


def _take_observable(assembly: Assembly, node: Node, accounts: list[str]) -> None:
    if node.type == "ai-traffic-aggregate":
        if aggregate := assembly.read(node.value, Aggregate, "objects", node.stix.index):
            assembly.fields.setdefault("windows", []).append(aggregate.window())
        return
    if node.type == "user-account":
        accounts = [_ref(node)]
        assembly.account(_ref(node))
    else:
        identifier = Identifier(IDENTIFYING[node.type], node.value["value"])
        for ref in accounts:
            assembly.identify(ref, identifier)
        if not accounts:
            assembly.identify(None, identifier)
    if name := node.value.get("display_name"):
        for ref in accounts:
            assembly.account(ref)["person_names"][name] = None


def _ref(account: Node) -> str:
    return str(account.value.get("account_login") or account.value.get("user_id") or account.id)
