"""An object's proof as people open it: made now, examined now; or taken along as a file."""

from dataclasses import dataclass
from uuid import UUID

from indicators.detections import audit
from indicators.proofs.collecting import Place, collect, places
from indicators.proofs.errors import NothingToProve
from indicators.proofs.proof import Proof, write
from indicators.proofs.standing import Standing, Step
from indicators.proofs.steps import examine
from indicators.proofs.trusting import pinned_trust, publishers_log


@dataclass(frozen=True, slots=True)
class Looked:
    """A proof and what became of each of its steps; `places`: all that could be asked for."""

    stix_id: str
    places: list[Place]
    place: Place
    proof: Proof
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """What the object calls itself; its type if nothing."""
        value = self.proof.value
        return str(value.get("name") or value.get("type") or self.stix_id)

    @property
    def broken(self) -> list[Step]:
        """The steps that do not hold."""
        return [step for step in self.steps if step.standing is Standing.BROKEN]

    @property
    def uncompared(self) -> list[Step]:
        """The steps that hold as far as they go."""
        return [step for step in self.steps if step.standing is Standing.OPEN]

    @property
    def is_signed(self) -> bool:
        """Whether anybody signed the object whose key is known here."""
        return self.proof.signer is not None


def look(stix_id: str, collection: UUID | None = None, index: int | None = None) -> Looked:
    """The proof of an object where it stands: at that place, or else its newest version's.

    Raises NothingToProve.
    """
    found = places(stix_id)
    place = next((each for each in found if _is_asked(each, collection, index)), None)
    if place is None:
        raise NothingToProve(f"{stix_id} is in no collection here, or not at that place.")
    proof = collect(place)
    steps = examine(proof, pinned_trust(proof, place))
    published = publishers_log(place)
    return Looked(stix_id, found, place, proof, steps if published is None else (*steps, published))


def _is_asked(place: Place, collection: UUID | None, index: int | None) -> bool:
    return collection in (None, place.collection) and index in (None, place.index)


def take_along(looked: Looked, by: str) -> bytes:
    """The proof as a file; that it left is in the audit log."""
    audit.record(
        by,
        "proof taken along",
        looked.stix_id,
        collection=str(looked.place.collection),
        index=looked.place.index,
    )
    return write(looked.proof)
