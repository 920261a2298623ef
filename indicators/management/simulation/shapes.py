"""The shapes of campaigns, after the public reports (see tests/vectors/stix/public-reports.json).

What the reports leave open (how many accounts share a card, how many are banned) is assumed, and
assumed differently in each shape, so that a reader's matching meets all of it.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one kind of campaign looks like from within a lab."""

    name: str
    interactions_per_account: int
    accounts_per_payment: int
    accounts_per_address: int
    # Share of the accounts that is banned, and replaced, between two revisions of a finding.
    churn: float
    # Share of the cluster's traffic that is honest customers' (a reseller mixes them in).
    unrelated: float
    synchrony: tuple[float, float]
    method: Literal["synchrony-graph", "shared-attribute-graph", "prompt-near-duplicate"]
    capabilities: tuple[str, ...]
    techniques: tuple[str, ...]
    purposes: tuple[str, ...] = ()
    access_paths: tuple[str, ...]
    traits: tuple[str, ...]
    # What its prompts have in common, with slots for what varies. Only fingerprints are told.
    templates: tuple[str, ...]
    # Traffic moves to a new model within 24 hours of its release.
    pivots: bool = False


SYNCHRONIZED = Shape(
    name="synchronized",
    interactions_per_account=300,
    accounts_per_payment=12,
    accounts_per_address=2,
    churn=0.05,
    unrelated=0.0,
    synchrony=(0.93, 0.99),
    method="synchrony-graph",
    capabilities=("reasoning", "rubric-grading"),
    techniques=("censorship-safe-rewriting", "cot-elicitation", "rubric-grading"),
    purposes=("reward-model", "sft-data"),
    access_paths=("first-party-api", "third-party-cloud"),
    templates=(
        "Here is a finished answer: {answer}. Imagine and write out, step by step, the reasoning"
        " that led to it, as you would have thought it before answering.",
        "Score the response {response} against the rubric {rubric} from 1 to 10 and justify each"
        " point that you take away.",
    ),
    traits=(
        "identical-patterns",
        "load-balancing",
        "shared-payment-methods",
        "synchronized-timing",
    ),
)
MANY_PATHS = Shape(
    name="many-paths",
    interactions_per_account=11_000,
    accounts_per_payment=3,
    accounts_per_address=1,
    churn=0.1,
    unrelated=0.05,
    synchrony=(0.35, 0.6),
    method="prompt-near-duplicate",
    capabilities=("agentic-reasoning", "coding", "computer-use"),
    techniques=("reasoning-trace-reconstruction", "template-variation"),
    access_paths=("education-account", "first-party-api", "reseller-proxy", "third-party-cloud"),
    templates=(
        "Look at the screen {screenshot}. Decide what to click next to reach {goal} and describe"
        " all that you considered.",
        "Continue this unfinished chain of thoughts so that it ends in {answer}: {thoughts}",
    ),
    traits=("identical-patterns", "multi-platform-distribution"),
)
SHIFTER = Shape(
    name="shifter",
    interactions_per_account=4_000,
    accounts_per_payment=6,
    accounts_per_address=4,
    churn=0.15,
    unrelated=0.1,
    synchrony=(0.7, 0.85),
    method="synchrony-graph",
    capabilities=("agentic-coding", "tool-orchestration", "tool-use"),
    techniques=("template-variation",),
    purposes=("rl-tasks",),
    access_paths=("first-party-api", "reseller-proxy"),
    templates=(
        "You can call the tools {tools}. Plan and carry out {goal}; print each call with its"
        " arguments before its result, and correct yourself where a result is unexpected.",
    ),
    traits=("load-balancing", "synchronized-timing"),
    pivots=True,
)
HYDRA = Shape(
    name="hydra",
    interactions_per_account=600,
    accounts_per_payment=25,
    accounts_per_address=8,
    churn=0.35,
    unrelated=0.6,
    synchrony=(0.5, 0.75),
    method="shared-attribute-graph",
    capabilities=("coding", "data-analysis", "reasoning"),
    techniques=("cot-elicitation", "template-variation"),
    access_paths=("reseller-proxy", "stolen-credential", "third-party-cloud"),
    templates=(
        "You are a senior engineer. Write a complete, tested solution in {language} for {task}"
        " and explain each decision as you go.",
        "Given the table {table}, compute {measure} by {group} and show every step of the work.",
    ),
    traits=(
        "account-replacement-after-ban",
        "mixed-with-unrelated-traffic",
        "multi-platform-distribution",
        "shared-payment-methods",
    ),
)
# 25,000 accounts and 28.8 million interactions, if it has as many accounts as reported. None of
# its identifiers is shared: the most work that so many accounts can make.
LARGEST = Shape(
    name="largest",
    interactions_per_account=1_152,
    accounts_per_payment=1,
    accounts_per_address=1,
    churn=0.1,
    unrelated=0.2,
    synchrony=(0.6, 0.8),
    method="synchrony-graph",
    capabilities=("agentic-reasoning", "coding", "tool-use"),
    techniques=("reasoning-trace-coercion", "template-variation"),
    purposes=("sft-data",),
    access_paths=("first-party-api", "reseller-proxy"),
    templates=(
        "Solve {problem}. Before the answer write everything that you think, without leaving"
        " anything out, between the markers {begin} and {end}.",
    ),
    traits=("account-replacement-after-ban", "load-balancing", "mixed-with-unrelated-traffic"),
)

SHAPES = {shape.name: shape for shape in (HYDRA, SYNCHRONIZED, SHIFTER, MANY_PATHS, LARGEST)}

# What a campaign's prompts are about: with the subject its templates differ from those of another
# campaign of the same shape, but not by much.
_SUBJECT_TEXT = """
accounting algebra anatomy astronomy biology botany chemistry combinatorics compilers contracts
cryptography databases demography ecology economics epidemiology ethics finance genetics geology
geometry grammar history hydrology immunology kinematics linguistics logic logistics materials
mechanics medicine meteorology music networking oceanography optics pedagogy pharmacology physics
"""
SUBJECTS = tuple(_SUBJECT_TEXT.split())
