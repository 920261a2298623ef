"""At least one rich, valid object of every STIX 2.1 type; the mutations start from these."""

from typing import Any
from uuid import UUID, uuid5

from federation.canonical import canonical

Value = dict[str, Any]

NAMESPACE = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
CREATOR = "identity--be45f992-c008-44ef-8483-6c65e712c2c2"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
STATEMENT = "marking-definition--d81f86b8-975b-4c0b-875e-810c5ad45a4f"
PAP_EXTENSION = "extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b"
IEP_EXTENSION = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
ORIGIN_SIGNATURE = "extension-definition--4f14e45b-cb04-4bb9-aa0a-09a96b755622"
IDENTIFIER_TOKEN = "extension-definition--539f9e11-e9a6-4178-bda4-3ef0f3529eea"
AI_TRAFFIC_AGGREGATE = "extension-definition--6409d51f-f7ea-482c-8581-b5e1882c3a55"
TOKEN_INDICATOR = "extension-definition--594eb5c0-0756-465b-be9f-6d2436faa48f"
DISTILLATION_CAMPAIGN = "extension-definition--1d05ae00-88c7-463e-8fcd-601f2889970a"
ATTRIBUTION_CLAIM = "extension-definition--a80d9b76-acfd-4b61-91da-826eb18ac156"
COORDINATION_EVIDENCE = "extension-definition--fa239251-8341-442b-bd2d-4b973dad8dae"
FEEDBACK = "extension-definition--3ef51111-ce9c-4ffd-a32f-3008c6475752"
FOREIGN_EXTENSION = "extension-definition--71736db5-10db-43d3-b0e3-65cf81601fe1"


def ref(type_name: str, number: int = 1) -> str:
    return f"{type_name}--{UUID(int=number, version=4)}"


def authored(type_name: str, **properties: Any) -> Value:
    """A domain or relationship object with every common property."""
    return {
        "type": type_name,
        "spec_version": "2.1",
        "id": ref(type_name),
        "created_by_ref": CREATOR,
        "created": "2026-11-20T09:00:00.000Z",
        "modified": "2026-11-21T09:00:00.123Z",
        "revoked": False,
        "labels": ["ai-abuse"],
        "confidence": 70,
        "lang": "en",
        "external_references": [
            {
                "source_name": "report",
                "description": "Public report",
                "url": "https://reports.example/2026/1",
                "hashes": {"SHA-256": "ab" * 32},
                "external_id": "R-2026-1",
            },
            {"source_name": "capec", "external_id": "CAPEC-163"},
        ],
        "object_marking_refs": [GREEN],
        "granular_markings": [{"marking_ref": STATEMENT, "selectors": ["labels.[0]"]}],
        "extensions": {FOREIGN_EXTENSION: {"extension_type": "property-extension", "rank": 5}},
        **properties,
    }


def observable(type_name: str, identity: dict[str, Any] | None, **properties: Any) -> Value:
    """An observable whose id is made of `identity`, or random if that is None."""
    made = (
        f"{type_name}--{uuid5(NAMESPACE, canonical(identity).decode())}"
        if identity
        else ref(type_name)
    )
    return {
        "type": type_name,
        "spec_version": "2.1",
        "id": made,
        "object_marking_refs": [GREEN],
        "defanged": False,
        **(identity or {}),
        **properties,
    }


SEEN = {"first_seen": "2026-02-01T00:00:00Z", "last_seen": "2026-03-01T00:00:00.5Z"}
PHASES = [{"kill_chain_name": "mitre-atlas", "phase_name": "exfiltration"}]
COUNT = {"value": 16_000_000, "qualifier": "gt", "as_reported": "over 16 million"}

DOMAIN_OBJECTS = [
    authored(
        "attack-pattern",
        name="Extract AI model",
        description="Query a model to copy it.",
        aliases=["Model extraction"],
        kill_chain_phases=PHASES,
    ),
    authored(
        "campaign",
        name="Campaign of many accounts",
        description="Distillation through fraudulent accounts.",
        aliases=["Hydra"],
        objective="Training data",
        **SEEN,
        extensions={
            DISTILLATION_CAMPAIGN: {
                "extension_type": "property-extension",
                "allegation_status": "alleged",
                "interaction_count": COUNT,
                "account_count": {"value": 24_000, "qualifier": "approx"},
                "capability_targets": ["agentic-coding", "tool-use"],
                "model_targets": [{"provider": "Alder", "family": "Leaf"}],
                "pivot_events": [
                    {
                        "trigger": "target-model-release",
                        "trigger_time": "2026-02-17T00:00:00Z",
                        "latency_hours": {"value": 24, "qualifier": "lt"},
                    }
                ],
            }
        },
    ),
    authored("course-of-action", name="Ban the cluster", description="All accounts at once."),
    authored(
        "grouping",
        name="Working set",
        context="suspicious-activity",
        object_refs=[ref("indicator"), ref("ipv4-addr"), ref("relationship")],
    ),
    authored(
        "identity",
        name="Alder",
        description="A lab.",
        roles=["sharer"],
        identity_class="organization",
        sectors=["technology"],
        contact_information="abuse desk",
    ),
    authored("incident", name="Extraction of February", description="Seen by two labs."),
    authored(
        "indicator",
        name="Tokens of a cluster",
        description="Accounts that act as one.",
        indicator_types=["malicious-activity"],
        pattern="[identifier-token:value IN ('psi1.abcdefgh.0123456789abcdefghij-_')]",
        pattern_type="stix",
        pattern_version="2.1",
        valid_from="2026-11-20T09:00:00Z",
        valid_until="2027-02-20T09:00:00Z",
        kill_chain_phases=PHASES,
        extensions={
            TOKEN_INDICATOR: {
                "extension_type": "property-extension",
                "match_semantics": "exact",
                "kinds": ["email"],
                "token_count": 1,
                "basis": "first-party",
                "decay": {"model": "polynomial", "lifetime_days": 90, "speed": 0.5},
            },
            ORIGIN_SIGNATURE: {
                "extension_type": "property-extension",
                "jws": f"eyJhbGciOiJFZDI1NTE5In0..{'A' * 86}",
            },
        },
    ),
    authored(
        "indicator",
        pattern="[file:hashes.'SHA-256' = '" + "a" * 64 + "' AND file:size > 5] "
        "FOLLOWEDBY ([url:value LIKE 'https://%'] OR [domain-name:value = 'x.example']) "
        "WITHIN 600 SECONDS",
        pattern_type="stix",
        valid_from="2026-11-20T09:00:00Z",
    ),
    authored(
        "indicator",
        pattern="rule extraction { condition: true }",
        pattern_type="yara",
        valid_from="2026-11-20T09:00:00Z",
    ),
    authored(
        "infrastructure",
        name="Cluster 7",
        description="Accounts of one reseller.",
        infrastructure_types=["anonymization"],
        aliases=["C7"],
        kill_chain_phases=PHASES,
        **SEEN,
        extensions={
            COORDINATION_EVIDENCE: {
                "extension_type": "property-extension",
                "method": "synchrony-graph",
                "cluster_size": {"value": 2_500, "qualifier": "ge"},
                "score": 0.93,
                "observation_window": {
                    "start": "2026-02-01T00:00:00Z",
                    "end": "2026-02-02T00:00:00Z",
                },
            }
        },
    ),
    authored(
        "intrusion-set",
        name="Set",
        description="A set.",
        aliases=["S"],
        goals=["model weights"],
        resource_level="organization",
        primary_motivation="organizational-gain",
        secondary_motivations=["dominance"],
        **SEEN,
    ),
    authored(
        "location",
        name="A city",
        description="Where it is.",
        latitude=48.8566,
        longitude=2.3522,
        precision=1000.5,
        region="western-europe",
        country="FR",
        administrative_area="FR-IDF",
        city="Paris",
        street_address="1 Rue",
        postal_code="75000",
    ),
    authored(
        "malware",
        name="Proxy kit",
        description="Rotates accounts.",
        malware_types=["bot"],
        is_family=True,
        aliases=["PK"],
        kill_chain_phases=PHASES,
        operating_system_refs=[ref("software")],
        architecture_execution_envs=["x86-64"],
        implementation_languages=["python"],
        capabilities=["evades-av"],
        sample_refs=[ref("file")],
        **SEEN,
    ),
    authored(
        "malware-analysis",
        product="sandbox",
        version="2.0",
        host_vm_ref=ref("software"),
        operating_system_ref=ref("software", 2),
        installed_software_refs=[ref("software", 3)],
        configuration_version="1",
        modules=["static"],
        analysis_engine_version="3",
        analysis_definition_version="4",
        submitted="2026-11-20T09:00:00Z",
        analysis_started="2026-11-20T09:01:00Z",
        analysis_ended="2026-11-20T09:02:00Z",
        result_name="none",
        result="unknown",
        analysis_sco_refs=[ref("domain-name")],
        sample_ref=ref("file"),
    ),
    authored(
        "note",
        abstract="Short",
        content="Long",
        authors=["Ana"],
        object_refs=[ref("campaign"), ref("indicator")],
        external_references=[{"source_name": "ticket", "external_id": "T-1"}],
    ),
    authored(
        "observed-data",
        first_observed="2026-02-01T00:00:00Z",
        last_observed="2026-02-01T00:00:00Z",
        number_observed=50,
        object_refs=[ref("ipv4-addr"), ref("relationship")],
    ),
    authored(
        "opinion",
        explanation="We saw it too.",
        authors=["Ben"],
        opinion="agree",
        object_refs=[ref("indicator")],
        extensions={
            FEEDBACK: {
                "extension_type": "property-extension",
                "reaction": "saw-this-too",
                "human_reviewed": True,
                "matched_account_count": 12,
            }
        },
    ),
    authored(
        "report",
        name="Four campaigns",
        description="What was reported.",
        report_types=["campaign"],
        published="2026-11-20T09:00:00Z",
        object_refs=[ref("campaign"), ref("relationship")],
    ),
    authored(
        "threat-actor",
        name="Operator of cluster 7",
        description="Unknown.",
        threat_actor_types=["competitor"],
        aliases=["Op7"],
        roles=["director"],
        goals=["training data"],
        sophistication="advanced",
        resource_level="organization",
        primary_motivation="organizational-gain",
        secondary_motivations=["dominance"],
        personal_motivations=["personal-gain"],
        **SEEN,
    ),
    authored(
        "tool",
        name="curl",
        description="A client.",
        tool_types=["exploitation"],
        aliases=["c"],
        kill_chain_phases=PHASES,
        tool_version="8",
    ),
    authored(
        "vulnerability",
        name="CVE-2026-0001",
        description="A fault.",
        external_references=[{"source_name": "cve", "external_id": "CVE-2026-0001"}],
    ),
]

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

_HASHES = {"MD5": "a" * 32, "SHA-1": "b" * 40, "SHA-256": "c" * 64, "SHA-512": "d" * 128}
_TIMES = {
    "ctime": "2026-01-01T00:00:00Z",
    "mtime": "2026-01-02T00:00:00Z",
    "atime": "2026-01-03T00:00:00.25Z",
}
_FILE_EXTENSIONS = {
    "archive-ext": {"contains_refs": [ref("file", 2)], "comment": "packed"},
    "ntfs-ext": {
        "sid": "S-1-5-21",
        "alternate_data_streams": [{"name": "s", "hashes": {"MD5": "a" * 32}, "size": 5}],
    },
    "pdf-ext": {
        "version": "1.7",
        "is_optimized": False,
        "document_info_dict": {"Title": "x"},
        "pdfid0": "a",
        "pdfid1": "b",
    },
    "raster-image-ext": {
        "image_height": 5,
        "image_width": 6,
        "bits_per_pixel": 8,
        "exif_tags": {"Make": "x", "XResolution": 72},
    },
    "windows-pebinary-ext": {
        "pe_type": "exe",
        "imphash": "x",
        "machine_hex": "014c",
        "number_of_sections": 4,
        "time_date_stamp": "2016-01-22T12:31:12Z",
        "pointer_to_symbol_table_hex": "74726144",
        "number_of_symbols": 4,
        "size_of_optional_header": 224,
        "characteristics_hex": "818f",
        "file_header_hashes": {"MD5": "a" * 32},
        "optional_header": {
            "magic_hex": "010b",
            "major_linker_version": 2,
            "size_of_code": 512,
            "address_of_entry_point": 4096,
            "checksum_hex": "00f3",
            "hashes": {"SHA-1": "b" * 40},
        },
        "sections": [{"name": "CODE", "size": 5, "entropy": 0.061089, "hashes": {"MD5": "a" * 32}}],
    },
}
_TRAFFIC_EXTENSIONS = {
    "http-request-ext": {
        "request_method": "get",
        "request_value": "/download.html",
        "request_version": "http/1.1",
        "request_header": {"User-Agent": ["Mozilla/5.0"], "Host": ["x.example"]},
        "message_body_length": 5,
        "message_body_data_ref": ref("artifact"),
    },
    "icmp-ext": {"icmp_type_hex": "08", "icmp_code_hex": "00"},
    "socket-ext": {
        "address_family": "AF_INET",
        "is_blocking": True,
        "is_listening": True,
        "options": {"SO_KEEPALIVE": 1},
        "socket_type": "SOCK_STREAM",
        "socket_descriptor": 5,
        "socket_handle": 7,
    },
    "tcp-ext": {"src_flags_hex": "00000002", "dst_flags_hex": "00"},
}


def _hash_identity(value: Value, **more: Any) -> Value:
    """Only one hash makes the id; the object carries them all."""
    return {**value, "hashes": dict(_HASHES), **more}


OBSERVABLES = [
    observable(
        "artifact",
        {"payload_bin": "VBORw0KGgoAAAANSUhEUgAAADI=="[:24]},
        mime_type="image/jpeg",
        encryption_algorithm="AES-256-GCM",
        decryption_key="secret",
    ),
    _hash_identity(
        observable("artifact", {"hashes": {"MD5": "a" * 32}}), url="https://files.example/x"
    ),
    observable("autonomous-system", {"number": 15139}, name="Slime Industries", rir="ARIN"),
    observable(
        "directory",
        {"path": "C:\\Windows"},
        path_enc="windows-1252",
        contains_refs=[ref("file")],
        **_TIMES,
    ),
    observable("domain-name", {"value": "reseller.example"}, resolves_to_refs=[ref("ipv4-addr")]),
    observable(
        "email-addr",
        {"value": "desk@forum.example"},
        display_name="Desk",
        belongs_to_ref=ref("user-account"),
    ),
    observable(
        "email-message",
        {"from_ref": ref("email-addr"), "subject": "Hello", "body": "Text"},
        is_multipart=False,
        date="2026-01-01T00:00:00Z",
        content_type="text/plain",
        sender_ref=ref("email-addr"),
        to_refs=[ref("email-addr", 2)],
        cc_refs=[ref("email-addr", 3)],
        bcc_refs=[ref("email-addr", 4)],
        message_id="<1@forum.example>",
        received_lines=["from x"],
        additional_header_fields={"X-Mailer": "m", "Reply-To": ["a@x.example", "b@x.example"]},
        raw_email_ref=ref("artifact"),
    ),
    observable(
        "email-message",
        {"subject": "Parts"},
        is_multipart=True,
        body_multipart=[
            {"content_type": "text/plain", "content_disposition": "inline", "body": "x"},
            {"content_type": "image/png", "body_raw_ref": ref("artifact")},
        ],
    ),
    _hash_identity(
        observable(
            "file",
            {
                "hashes": {"MD5": "a" * 32},
                "name": "foo.dll",
                "parent_directory_ref": ref("directory"),
                "extensions": _FILE_EXTENSIONS,
            },
            size=25536,
            name_enc="windows-1252",
            magic_number_hex="4d5a",
            mime_type="application/x-msdownload",
            contains_refs=[ref("url")],
            content_ref=ref("artifact"),
            **_TIMES,
        )
    ),
    observable(
        "ipv4-addr",
        {"value": "198.51.100.0/24"},
        resolves_to_refs=[ref("mac-addr")],
        belongs_to_refs=[ref("autonomous-system")],
    ),
    observable(
        "ipv6-addr",
        {"value": "2001:db8::/96"},
        resolves_to_refs=[ref("mac-addr")],
        belongs_to_refs=[ref("autonomous-system")],
    ),
    observable("mac-addr", {"value": "d2:fb:49:24:37:18"}),
    observable("mutex", {"name": "__CLEANSWEEP__"}),
    observable(
        "network-traffic",
        {
            "start": "2026-01-01T00:00:00Z",
            "end": "2026-01-01T00:00:05Z",
            "src_ref": ref("ipv4-addr"),
            "dst_ref": ref("domain-name"),
            "src_port": 2487,
            "dst_port": 443,
            "protocols": ["ipv4", "tcp", "http"],
            "extensions": _TRAFFIC_EXTENSIONS,
        },
        is_active=False,
        src_byte_count=35779,
        dst_byte_count=935750,
        src_packets=5,
        dst_packets=6,
        ipfix={"minimumIpTotalLength": 32, "name": "x"},
        src_payload_ref=ref("artifact"),
        dst_payload_ref=ref("artifact", 2),
        encapsulates_refs=[ref("network-traffic", 2)],
        encapsulated_by_ref=ref("network-traffic", 3),
    ),
    observable(
        "process",
        None,
        is_hidden=False,
        pid=314,
        created_time="2026-01-01T00:00:00Z",
        cwd="/tmp",
        command_line="./proxy --rotate",
        environment_variables={"HOME": "/root"},
        opened_connection_refs=[ref("network-traffic")],
        creator_user_ref=ref("user-account"),
        image_ref=ref("file"),
        parent_ref=ref("process", 2),
        child_refs=[ref("process", 3)],
        extensions={
            "windows-process-ext": {
                "aslr_enabled": True,
                "dep_enabled": True,
                "priority": "HIGH_PRIORITY_CLASS",
                "owner_sid": "S-1-5",
                "window_title": "x",
                "startup_info": {"lpDesktop": "x", "dwX": 5},
                "integrity_level": "high",
            },
            "windows-service-ext": {
                "service_name": "sirvizio",
                "descriptions": ["x"],
                "display_name": "Sirvizio",
                "group_name": "g",
                "start_type": "SERVICE_AUTO_START",
                "service_dll_refs": [ref("file")],
                "service_type": "SERVICE_WIN32_OWN_PROCESS",
                "service_status": "SERVICE_RUNNING",
            },
        },
    ),
    observable(
        "software",
        {
            "name": "Word",
            "cpe": "cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*",
            "swid": "s",
            "vendor": "Microsoft",
            "version": "2002",
        },
        languages=["eng"],
    ),
    observable("url", {"value": "https://x.example/research/index.html?a=b#c"}),
    observable(
        "user-account",
        {"account_type": "unix", "user_id": "1001", "account_login": "jdoe"},
        credential="x",
        display_name="J",
        is_service_account=False,
        is_privileged=False,
        can_escalate_privs=True,
        is_disabled=False,
        account_created="2016-01-20T12:31:12Z",
        account_expires="2017-01-20T12:31:12Z",
        credential_last_changed="2016-01-20T14:27:43Z",
        account_first_login="2016-01-20T14:26:07Z",
        account_last_login="2016-07-22T16:08:28Z",
        extensions={
            "unix-account-ext": {
                "gid": 1001,
                "groups": ["wheel"],
                "home_dir": "/home/jdoe",
                "shell": "/bin/bash",
            }
        },
    ),
    observable(
        "windows-registry-key",
        {
            "key": "HKEY_LOCAL_MACHINE\\System\\Foo",
            "values": [{"name": "Foo", "data": "qwerty", "data_type": "REG_SZ"}],
        },
        modified_time="2026-01-01T00:00:00Z",
        creator_user_ref=ref("user-account"),
        number_of_subkeys=3,
    ),
    _hash_identity(
        observable(
            "x509-certificate",
            {"hashes": {"MD5": "a" * 32}, "serial_number": "36:f7:d4"},
            is_self_signed=False,
            version="3",
            signature_algorithm="sha256WithRSAEncryption",
            issuer="C=ZA",
            validity_not_before="2016-03-12T12:00:00Z",
            validity_not_after="2016-08-21T12:00:00Z",
            subject="C=US",
            subject_public_key_algorithm="rsaEncryption",
            subject_public_key_modulus="00:b4",
            subject_public_key_exponent=65537,
            x509_v3_extensions={
                "basic_constraints": "critical,CA:TRUE",
                "subject_key_identifier": "hash",
                "private_key_usage_period_not_before": "2016-03-12T12:00:00Z",
                "private_key_usage_period_not_after": "2016-08-21T12:00:00Z",
            },
        )
    ),
]

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

STANDARD = [*DOMAIN_OBJECTS, *RELATIONSHIP_OBJECTS, *META_OBJECTS, *OBSERVABLES]
EVERYTHING = [*STANDARD, *OUR_OBSERVABLES, *CUSTOM_OBJECTS]
