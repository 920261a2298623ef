"""A dry run: what would become of each line, and what peers would see of it. Nothing is stored.

No token is made, as each would count against the quota: numbers stand in for tokens. Whether a
line was sent before is not looked up.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice

from django.conf import settings

from federation.pseudonyms.normalize import normalize
from federation.pseudonyms.voprf import token_text
from indicators.detections.drafts.drafting import ClusterState, DraftRefused, Part, Terms, draft
from indicators.detections.drafts.facts import absorb
from indicators.detections.drafts.preview import Preview
from indicators.detections.finding import Finding
from indicators.detections.formats import Line, LineError
from indicators.detections.identifiers import allowlist
from indicators.detections.identifiers.intake import unusable_identifiers
from indicators.ingest.answers import Going, Redaction, Rehearsal, RehearsedLine, Withheld
from indicators.models import Detector, Member
from indicators.stix import Tlp

#: Lines whose preview is shown; the others are only checked.
MAX_PREVIEWS = 100
_TOKENS_IN_PART = 500
_KEY_ID = bytes(5)
_NO_IDENTITY = "identity--00000000-0000-4000-8000-000000000000"


def rehearse(detector: Detector, lines: Iterable[Line]) -> Rehearsal:
    """Check every line as intake would, and draft the first of them as if they were alone."""
    terms = _terms(detector)
    results, previews = [], 0
    for line in lines:
        errors = line.errors or (unusable_identifiers(line.finding) if line.finding else ())
        if line.finding is None or errors:
            results.append(_rejected(line, errors))
            continue
        previews += 1
        results.append(_accepted(line.number, line.finding, terms, previews <= MAX_PREVIEWS))
    rejected = sum(result.status == "rejected" for result in results)
    return Rehearsal(len(results) - rejected, rejected, tuple(results))


def _rejected(line: Line, errors: tuple[LineError, ...]) -> RehearsedLine:
    uid = line.finding.uid if line.finding else None
    return RehearsedLine(line.number, "rejected", uid, errors)


def _accepted(number: int, finding: Finding, terms: Terms, shown: bool) -> RehearsedLine:
    try:
        preview = _redaction(draft(_state(finding), terms, {}).preview) if shown else None
    except DraftRefused as error:
        return RehearsedLine(number, "rejected", finding.uid, (LineError("", str(error)),))
    return RehearsedLine(number, "accepted", finding.uid, preview=preview)


def _state(finding: Finding) -> ClusterState:
    parts = tuple(_parts(finding)) if finding.status == "open" else ()
    return ClusterState(
        token="A" * 22,
        incarnation=1,
        is_open=finding.status == "open",
        facts=absorb(None, [finding]),
        account_count=len(finding.accounts),
        parts=parts,
    )


def _parts(finding: Finding) -> Iterator[Part]:
    """As many stand-ins for tokens, of each kind, as the finding has different identifiers that
    are on no allow list."""
    distinct: dict[str, set[str]] = {}
    allowed = allowlist.load()
    for each in (each for account in finding.accounts for each in account.identifiers):
        normalized = normalize(each.kind, each.value, region=each.region)
        if not allowed.allows(each, normalized):
            for made in normalized:
                distinct.setdefault(made.kind, set()).add(made.value)
    for kind, values in distinct.items():
        stand_ins = (token_text(_KEY_ID, n.to_bytes(16, "big")) for n in range(len(values)))
        number = 0
        while tokens := tuple(islice(stand_ins, _TOKENS_IN_PART)):
            number += 1
            yield Part(kind, token_text(_KEY_ID, bytes(16))[5:13], number, tokens, is_new=True)


def _terms(detector: Detector) -> Terms:
    us = Member.objects.filter(is_self=True).values_list("identity_id", flat=True).first()
    return Terms(
        identity_id=us or _NO_IDENTITY,
        tlp=next(tlp for tlp in Tlp if tlp.rank == detector.tlp),
        id_key=bytes(32),
        now=datetime.now(UTC),
        min_accounts=settings.MINIMUM_ACCOUNTS,
        lifetime_days=settings.INDICATOR_DAYS,
        detector_name=detector.name,
        detector_version=detector.version,
    )


def _redaction(preview: Preview) -> Redaction:
    """Without the ids, which are not those that would be published."""
    return Redaction(
        tuple(Going(each.role, each.type) for each in preview.goes),
        dict(preview.tokenized),
        tuple(Withheld(each.field, each.reason) for each in preview.withheld),
    )
