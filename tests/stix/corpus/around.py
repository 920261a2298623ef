"""Relationships and sightings, and the objects about objects."""

from tests.stix.corpus.making import (
    ATTRIBUTION_CLAIM,
    CREATOR,
    FOREIGN_EXTENSION,
    GREEN,
    IEP_EXTENSION,
    PAP_EXTENSION,
    SEEN,
    STATEMENT,
    TLP_EXTENSION,
    authored,
    ref,
)

RELATIONSHIP_OBJECTS = [
    authored(
        "relationship",
        relationship_type="attributed-to",
        description="As alleged.",
        source_ref=ref("threat-actor"),
        target_ref=CREATOR,
        start_time="2026-02-01T00:00:00Z",
        stop_time="2026-03-01T00:00:00Z",
        extensions={
            ATTRIBUTION_CLAIM: {
                "extension_type": "property-extension",
                "claimed_by_ref": CREATOR,
                "claimed_confidence": 90,
                "basis": ["ip-correlation"],
                "claim_date": "2026-02-23",
                "status": "alleged",
                "source_grade": "B2",
            }
        },
    ),
    authored(
        "sighting",
        description="Seen here.",
        **SEEN,
        count=12,
        sighting_of_ref=ref("indicator"),
        observed_data_refs=[ref("observed-data")],
        where_sighted_refs=[CREATOR, ref("location")],
        summary=False,
    ),
]

META_OBJECTS = [
    {
        name: value
        for name, value in authored(
            "language-content",
            object_ref=ref("campaign"),
            object_modified="2026-11-21T09:00:00.123Z",
            contents={"de": {"name": "Kampagne", "aliases": ["Hydra"]}, "fr": {"name": "Campagne"}},
            granular_markings=[{"marking_ref": STATEMENT, "selectors": ["contents.de"]}],
        ).items()
        if name != "lang"
    },
    {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": FOREIGN_EXTENSION,
        "created_by_ref": CREATOR,
        "created": "2026-11-20T09:00:00.000Z",
        "modified": "2026-11-20T09:00:00.000Z",
        "name": "Rank",
        "description": "Ranks objects.",
        "schema": "https://schemas.example/rank.json",
        "version": "1.2.1",
        "extension_types": ["property-extension", "toplevel-property-extension"],
        "extension_properties": ["rank"],
        "external_references": [{"source_name": "site", "url": "https://schemas.example"}],
    },
    {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": STATEMENT,
        "created_by_ref": CREATOR,
        "created": "2026-11-20T09:00:00.000Z",
        "name": "Forum rules",
        "definition_type": "statement",
        "definition": {"statement": "Under the rules of Forum."},
        "external_references": [{"source_name": "rules", "url": "https://forum.example/rules"}],
        "object_marking_refs": [GREEN],
    },
    {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": GREEN,
        "created": "2022-10-01T00:00:00.000Z",
        "name": "TLP:GREEN",
        "extensions": {
            TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "green"},
        },
    },
    {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
        "created": "2017-01-20T00:00:00.000Z",
        "definition_type": "tlp",
        "name": "TLP:AMBER",
        "definition": {"tlp": "amber"},
    },
    {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": ref("marking-definition", 2),
        "created": "2022-10-01T00:00:00.000Z",
        "name": "PAP:AMBER",
        "extensions": {PAP_EXTENSION: {"extension_type": "property-extension", "pap": "amber"}},
    },
    {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": ref("marking-definition", 3),
        "created": "2022-10-01T00:00:00.000Z",
        "name": "FIRST IEP hold",
        "extensions": {
            IEP_EXTENSION: {
                "extension_type": "property-extension",
                "iep_version": "2.0",
                "start_date": "2026-12-01T00:00:00Z",
                "permitted_actions": "INTERNALLY VISIBLE ACTIONS",
            }
        },
    },
]
