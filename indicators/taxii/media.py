"""Media types: what a request accepts, what it sends, which compression it understands."""

import re
from dataclasses import dataclass

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"

# A list element: quoted strings may hold commas and semicolons (RFC 9110 §5.6).
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PARAMETER = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+')
_WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Range:
    """One element of an Accept header: lower-case type, parameters without q, weight 0 to 1."""

    type: str
    parameters: dict[str, str]
    weight: float


def accepts_taxii(header: str | None) -> bool:
    """Whether the Accept header admits TAXII 2.1; the most specific range that fits decides."""
    if header is None or not header.strip():
        return True
    fitting = [(_precision(each), each.weight) for each in _ranges(header)]
    fitting = [each for each in fitting if each[0] > 0]
    return bool(fitting) and max(fitting)[1] > 0


def is_taxii(content_type: str | None) -> bool:
    """Whether a body says that it is TAXII 2.1."""
    ranges = _ranges(content_type or "")
    return len(ranges) == 1 and _precision(ranges[0]) >= 3


def encoding(header: str | None) -> str:
    """The content coding to answer with: zstd, gzip or identity."""
    weights = {each.type: each.weight for each in _ranges(header or "")}
    best, coding = 0.0, "identity"
    for name in ("zstd", "gzip"):
        weight = weights.get(name, weights.get("*", 0.0) if name == "gzip" else 0.0)
        if weight > best:
            best, coding = weight, name
    return coding


def _precision(wanted: Range) -> int:
    """0 if the range does not cover our type, else how exactly it names it."""
    versions = wanted.parameters.get("version")
    others = set(wanted.parameters) - {"version", "charset"}
    if wanted.type == "*/*" and not wanted.parameters:
        return 1
    if wanted.type == "application/*" and not wanted.parameters:
        return 2
    if wanted.type == "application/taxii+json" and not others and versions in (None, "2.1"):
        return 3 if versions is None else 4
    return 0


def _ranges(header: str) -> list[Range]:
    ranges = []
    for element in _ELEMENT.findall(header):
        name, *rest = [part.strip() for part in _PARAMETER.findall(element)] or [""]
        if not name:
            continue
        parameters, weight = {}, 1.0
        for part in rest:
            key, _, value = part.partition("=")
            key, value = key.strip().lower(), value.strip().strip('"')
            if key == "q":
                weight = float(value) if _WEIGHT.fullmatch(value) else 0.0
            else:
                parameters[key] = value
        ranges.append(Range(name.lower(), parameters, weight))
    return ranges
