"""Objects of our extensions, and of extensions that nobody here knows."""

from tests.stix.corpus.making import (
    AI_TRAFFIC_AGGREGATE,
    FOREIGN_EXTENSION,
    IDENTIFIER_TOKEN,
    authored,
    observable,
)

OUR_OBSERVABLES = [
    {
        **observable("identifier-token", {"value": "psi1.abcdefgh.0123456789abcdefghij-_"}),
        "kind": "email",
        "normalization": "norm/1",
        "extensions": {IDENTIFIER_TOKEN: {"extension_type": "new-sco"}},
    },
    {
        **observable(
            "ai-traffic-aggregate",
            {
                "cluster_key": "0123456789abcdefghij-_",
                "window_start": "2026-02-17T00:00:00Z",
                "window_seconds": 86400,
            },
        ),
        "account_count": 120,
        "request_count": 90_000,
        "prompt_variant_count": 12_000,
        "synchrony_score": 0.97,
        "model_share_shift_24h": 0.5,
        "extensions": {AI_TRAFFIC_AGGREGATE: {"extension_type": "new-sco"}},
    },
]

# The oracles refuse or do not know these, so they are tested apart.
CUSTOM_OBJECTS = [
    {
        **authored("reseller", name="R", tier=3),
        "extensions": {FOREIGN_EXTENSION: {"extension_type": "new-sdo"}},
    },
    {
        **observable("account-batch", None, size=5),
        "extensions": {FOREIGN_EXTENSION: {"extension_type": "new-sco"}},
    },
    authored(
        "identity",
        name="Birch",
        rank=4,
        extensions={FOREIGN_EXTENSION: {"extension_type": "toplevel-property-extension"}},
    ),
]
