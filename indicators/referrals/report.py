"""A referral's report, section by section, before it is HTML or PDF. Pure.

Both render exactly this, so that no reader gets more or less than another.
"""

from collections import Counter
from dataclasses import dataclass

from indicators.referrals.content import Claim, Content, Disclosed

LEGAL_BASES = {
    "terms-of-service": "Breach of terms of service",
    "contract": "Breach of contract",
    "unfair-competition": "Unfair competition",
    "computer-fraud": "Computer fraud or unauthorised access",
    "other": "Another basis, see the summary",
}
_ALLEGATION = (
    "What is said here of who is behind the campaign is alleged by those who are named beside it."
    " It is not a finding, and this report adds no weight to it."
)
_NO_IDENTIFIERS = (
    "This report holds no identifiers of customers: no names, addresses, account numbers or"
    " contents. Where evidence rests on them, its digest is listed, and the organization that holds"
    " it can be asked for it on a legal basis of its own."
)
_CUSTODY = (
    "Each object stood, byte for byte, in an append-only log of the node that made this report; its"
    " entry is the object's SHA-256. The files under proofs/ show it: they can be checked without"
    " this node (manage.py verify --proof FILE). The manifest lists every file of this pack with"
    " its digest, and is signed with the node's key once two people other than the author approved"
    " it (manage.py verify --pack FILE)."
)
_PROVIDER_FILE = "abuse-report.xarf.json is the same report for an abuse desk's software (XARF 4)."


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    kind = "paragraph"


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with their words."""

    rows: tuple[tuple[str, str], ...]
    kind = "facts"


@dataclass(frozen=True, slots=True)
class Table:
    """`title` names it for whoever does not see it; `widths`: of its columns, in parts."""

    title: str
    head: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    kind = "table"

    @property
    def labelled(self) -> tuple[tuple[tuple[str, str, bool], ...], ...]:
        """Each row as (its column's name, the words, whether they are an id or digest)."""
        return tuple(
            tuple(
                (label, words, _is_id(words)) for label, words in zip(self.head, row, strict=True)
            )
            for row in self.rows
        )


Block = Paragraph | Facts | Table
_LONG = 32


def _is_id(words: str) -> bool:
    return len(words) > _LONG and " " not in words


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """`made`: as the content has it, 2026-03-01 12:00 UTC."""

    title: str
    subtitle: str
    made: str
    sections: tuple[Section, ...]


def report(content: Content) -> Report:
    """The whole report."""
    made = (_head, _summary, _facts, _claims, _objects, _evidence, _left_out, _custody)
    sections = (each(content) for each in made)
    subtitle = f"For {content.recipient.name}, made by {content.node}, {content.made}"
    filled = tuple(each for each in sections if each.blocks)
    return Report(f"Referral: {content.title}", subtitle, content.made, filled)


def _head(content: Content) -> Section:
    recipient = content.recipient
    rows = (
        ("Reference", content.id),
        ("Made", content.made),
        ("By", f"{content.node} ({content.node_id})"),
        ("Contact", content.contact),
        ("For", recipient.name),
        ("Address", recipient.address),
        ("Disclosed up to", recipient.max_tlp),
        ("Campaign", content.campaign),
    )
    filled = tuple((label, words) for label, words in rows if words)
    waits = [Paragraph(each) for each in content.holds]
    return Section("What this is", (Facts(filled), *waits, Paragraph(_NO_IDENTIFIERS)))


def _summary(content: Content) -> Section:
    bases = "; ".join(LEGAL_BASES.get(each, each) for each in content.legal_basis)
    texts = [_titled("Legal basis", bases), content.summary, content.description]
    texts.append(_titled("What is asked", content.request))
    return Section("Summary", tuple(Paragraph(each) for each in texts if each))


def _titled(title: str, text: str) -> str:
    return f"{title}: {text}" if text else ""


def _facts(content: Content) -> Section:
    blocks: list[Block] = [Facts(each) for each in (content.facts, content.times) if each]
    blocks += [Paragraph(f"Source: {each}") for each in content.sources]
    return Section("What is stated of the campaign", tuple(blocks))


def _claims(content: Content) -> Section:
    if not content.claims:
        return Section("Claims", (Paragraph("Nobody is alleged to be behind it."),))
    head = ("Alleged", "Of", "By", "Status", "Confidence", "Basis", "Sources")
    rows = tuple(_claim(each) for each in content.claims)
    table = Table("Who is alleged to be behind it", head, (4, 4, 4, 3, 3, 4, 5), rows)
    return Section("Claims", (Paragraph(_ALLEGATION), table))


def _claim(claim: Claim) -> tuple[str, ...]:
    by = claim.claimed_by
    if claim.told_by and claim.told_by != claim.claimed_by:
        by = f"{claim.claimed_by}, as told by {claim.told_by}"
    confidence = "not stated" if claim.confidence is None else f"{claim.confidence} of 100"
    if claim.as_reported:
        confidence = f'{confidence} ("{claim.as_reported}")'
    grade = f" (source graded {claim.grade})" if claim.grade else ""
    dated = f"{claim.status}, {claim.date}" if claim.date else claim.status
    sources = "; ".join(claim.sources) + grade
    basis = ", ".join(claim.basis)
    return claim.alleged, claim.subject, by, dated, confidence, basis, sources.strip()


def _objects(content: Content) -> Section:
    head = ("Object", "Marking", "Originator", "Version", "Entry", "Id", "SHA-256")
    rows = tuple(_object(each) for each in content.full)
    table = Table("Objects that go along", head, (5, 3, 3, 3, 2, 5, 6), rows)
    words = f"Objects that go along as they were published, in objects.stix.json: {len(rows)}."
    return Section("What is disclosed", (Paragraph(words), *_logs(content.full), table))


def _object(each: Disclosed) -> tuple[str, ...]:
    called = f"{each.type}: {each.name}" if each.name else each.type
    entry = str(each.index)
    return called, each.tlp, each.originator, each.version, entry, each.id, each.sha256


def _logs(objects: tuple[Disclosed, ...]) -> list[Paragraph]:
    """Which logs the entries are of; a log's name is too long for a column."""
    origins = sorted({each.log for each in objects})
    return [Paragraph(f"Entries are counted from 0 in the log {each}.") for each in origins]


def _evidence(content: Content) -> Section:
    if not content.evidence:
        return Section("Evidence by digest", ())
    kinds = Counter[str]()
    for each in content.evidence:
        kinds[", ".join(each.kinds) or each.type] += each.tokens
    told = "; ".join(f"{kind}: {count:,}" for kind, count in sorted(kinds.items()))
    words = (
        f"Objects that hold pseudonyms of identifiers, which stay with the members:"
        f" {len(content.evidence)}. Pseudonyms by kind: {told}."
    )
    rows = tuple(
        (each.type, each.originator, each.version, str(each.index), each.id, each.sha256)
        for each in content.evidence
    )
    head = ("Object", "Originator", "Version", "Entry", "Id", "SHA-256")
    table = Table("Digests of the evidence", head, (3, 3, 3, 2, 5, 6), rows)
    return Section("Evidence by digest", (Paragraph(words), *_logs(content.evidence), table))


def _left_out(content: Content) -> Section:
    if not content.excluded:
        return Section("What is not in it", (Paragraph("Nothing that is known was left out."),))
    counted = Counter((each.type, each.reason) for each in content.excluded)
    rows = tuple(
        (type_name, f"{count:,}", reason) for (type_name, reason), count in sorted(counted.items())
    )
    table = Table("Objects that were left out", ("Type", "Objects", "Why"), (3, 2, 9), rows)
    return Section("What is not in it", (table,))


def _custody(content: Content) -> Section:
    blocks = [Paragraph(_CUSTODY)]
    if content.recipient.kind == "provider":
        blocks.append(Paragraph(_PROVIDER_FILE))
    return Section("Chain of custody", tuple(blocks))
