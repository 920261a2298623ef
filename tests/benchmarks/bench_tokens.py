"""Tokens: identifiers normalized and evaluated by the node's own key-holder; what a member and a
key-holder do of a batch; an identifier's fingerprint and a template's.
"""

from collections.abc import Callable, Iterator
from time import perf_counter

from federation.pseudonyms.fingerprint import bands, minhash
from federation.pseudonyms.normalize import Normalized, normalize
from federation.pseudonyms.voprf import MAX_BATCH, Blinding, Evaluator, token_input
from indicators.detections.finding import Identifier
from indicators.management.simulation.campaigns import findings
from indicators.management.simulation.plan import Plan
from tests.benchmarks.figures import Figure

_SEED = bytes(range(32))
_BATCHES = 5


def run() -> list[Figure]:
    identifiers = simulated()
    values = list(normalized(identifiers))
    inputs = [token_input(each.kind, each.value) for each in values]
    batches = [inputs[at : at + MAX_BATCH] for at in range(0, MAX_BATCH * _BATCHES, MAX_BATCH)]
    evaluator = Evaluator.from_seed(_SEED, b"benchmark")
    return [
        Figure(
            "tokens, normalized",
            rate(lambda: len(list(normalized(identifiers)))),
            "values/s/core",
        ),
        Figure(
            "tokens, evaluated with the key",
            rate(lambda: sum(len(evaluator.outputs(batch)) for batch in batches)),
            "tokens/s/core",
        ),
        *_with_another(evaluator, batches),
        Figure("tokens, bands of a template", rate(_fingerprints), "templates/s/core"),
    ]


def simulated() -> list[Identifier]:
    """Those of 2,000 accounts, five each."""
    return [
        each
        for finding in findings(Plan(shape="largest", accounts=2000, days=1))
        for account in finding.accounts
        for each in account.identifiers
    ]


def normalized(identifiers: list[Identifier]) -> Iterator[Normalized]:
    for each in identifiers:
        yield from normalize(each.kind, each.value)


def rate(work: Callable[[], int]) -> float:
    began = perf_counter()
    count = work()
    return count / (perf_counter() - began)


def _with_another(evaluator: Evaluator, batches: list[list[bytes]]) -> list[Figure]:
    """The three steps of an evaluation by somebody who must not see the inputs."""
    count = sum(map(len, batches))
    began = perf_counter()
    blinded = [Blinding(batch) for batch in batches]
    blind = perf_counter()
    evaluated = [evaluator.evaluate(each.elements) for each in blinded]
    evaluate = perf_counter()
    for each, (elements, proof) in zip(blinded, evaluated, strict=True):
        each.finalize(elements, proof, evaluator.public_key)
    ended = perf_counter()
    return [
        Figure("tokens, blinded by a member", count / (blind - began), "tokens/s/core"),
        Figure("tokens, evaluated and proven", count / (evaluate - blind), "tokens/s/core"),
        Figure("tokens, verified and finalized", count / (ended - evaluate), "tokens/s/core"),
    ]


def _fingerprints() -> int:
    words = "write a complete and tested solution in {language} for {task} about number"
    for number in range(500):
        bands(minhash(f"{words} {number} and explain each decision as you go along with it"))
    return 500
