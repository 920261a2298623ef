"""The cyber-observable objects of STIX 2.1 (§6), property by property."""

from collections.abc import Iterator, Mapping
from typing import Any

from indicators.stix import vocabulary
from indicators.stix.domain_objects import OBSERVABLE_REF, TEXTS
from indicators.stix.object_types import Family, Finding, ObjectType
from indicators.stix.observable_extensions import (
    FILE_EXTENSIONS,
    PROCESS_EXTENSIONS,
    TRAFFIC_EXTENSIONS,
    USER_EXTENSIONS,
)
from indicators.stix.observable_values import (
    CHARACTER_SET,
    CPE,
    DOMAIN,
    EMAIL,
    IPV4,
    IPV6,
    MAC,
    MEDIA_TYPE,
    REGISTRY_KEY,
)
from indicators.stix.values import (
    BINARY,
    BOOLEAN,
    COUNT,
    HASHES,
    HEX,
    INTEGER,
    LANGUAGE,
    TEXT,
    TIMESTAMP,
    URL,
    Fragment,
    dictionary,
    embedded,
    many,
    one_of,
    ref,
    refs,
    whole,
)

MIME_PARTS = many(
    embedded(
        {
            "body": TEXT,
            "body_raw_ref": ref("artifact", "file"),
            "content_type": TEXT,
            "content_disposition": TEXT,
        }
    )
)
CERTIFICATE_EXTENSIONS = embedded(
    {
        **dict.fromkeys(
            (
                "basic_constraints",
                "name_constraints",
                "policy_constraints",
                "key_usage",
                "extended_key_usage",
                "subject_key_identifier",
                "authority_key_identifier",
                "subject_alternative_name",
                "issuer_alternative_name",
                "subject_directory_attributes",
                "crl_distribution_points",
                "inhibit_any_policy",
                "certificate_policies",
                "policy_mappings",
            ),
            TEXT,
        ),
        "private_key_usage_period_not_before": TIMESTAMP,
        "private_key_usage_period_not_after": TIMESTAMP,
    }
)
_FILE_TIMES = {"ctime": TIMESTAMP, "mtime": TIMESTAMP, "atime": TIMESTAMP}
_HOSTS = ("ipv4-addr", "ipv6-addr", "mac-addr", "domain-name")


def _observable(
    name: str, required: tuple[str, ...], properties: Mapping[str, Fragment], **more: Any
) -> ObjectType:
    return ObjectType(name, Family.OBSERVABLE, properties, required, **more)


def _any_of(name: str, properties: Mapping[str, Fragment], **more: Any) -> ObjectType:
    """A type that needs at least one of its properties or a predefined extension."""
    some_of = (*properties, "extensions") if "extensions" in more else tuple(properties)
    return _observable(name, (), properties, some_of=some_of, **more)


def _one_source(value: Mapping[str, Any]) -> Iterator[Finding]:
    if "payload_bin" in value and "url" in value:
        yield ("url",), "cannot stand beside payload_bin; keep one of them"
    if "url" in value and "hashes" not in value:
        yield ("hashes",), "is required beside url"
    if "decryption_key" in value and "encryption_algorithm" not in value:
        yield ("encryption_algorithm",), "is required beside decryption_key"


def _body_of(value: Mapping[str, Any]) -> Iterator[Finding]:
    surplus = "body" if value.get("is_multipart") is True else "body_multipart"
    if surplus in value:
        yield (surplus,), "contradicts is_multipart; change one of them"
    parts = value.get("body_multipart")
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        if isinstance(part, dict) and ("body" in part) is ("body_raw_ref" in part):
            yield ("body_multipart", index), "has either body or body_raw_ref"


def _end_of_traffic(value: Mapping[str, Any]) -> Iterator[Finding]:
    if "end" in value and value.get("is_active") is not False:
        yield ("is_active",), "must be false where end is given"


_ACCOUNT_TIMES = (
    "account_created",
    "account_expires",
    "credential_last_changed",
    "account_first_login",
    "account_last_login",
)

OBSERVABLES = (
    _observable(
        "artifact",
        (),
        {
            "mime_type": MEDIA_TYPE,
            "payload_bin": BINARY,
            "url": URL,
            "hashes": HASHES,
            "encryption_algorithm": one_of(vocabulary.ENCRYPTION_ALGORITHMS),
            "decryption_key": TEXT,
        },
        some_of=("payload_bin", "url"),
        identity=("hashes", "payload_bin"),
        rules=(_one_source,),
    ),
    _observable(
        "autonomous-system",
        ("number",),
        {"number": INTEGER, "name": TEXT, "rir": TEXT},
        identity=("number",),
    ),
    _observable(
        "directory",
        ("path",),
        {
            "path": TEXT,
            "path_enc": CHARACTER_SET,
            "contains_refs": refs("file", "directory"),
            **_FILE_TIMES,
        },
        identity=("path",),
    ),
    _observable(
        "domain-name",
        ("value",),
        {"value": DOMAIN, "resolves_to_refs": refs("ipv4-addr", "ipv6-addr", "domain-name")},
        identity=("value",),
    ),
    _observable(
        "email-addr",
        ("value",),
        {"value": EMAIL, "display_name": TEXT, "belongs_to_ref": ref("user-account")},
        identity=("value",),
    ),
    _observable(
        "email-message",
        ("is_multipart",),
        {
            "is_multipart": BOOLEAN,
            "date": TIMESTAMP,
            "content_type": TEXT,
            "from_ref": ref("email-addr"),
            "sender_ref": ref("email-addr"),
            "to_refs": refs("email-addr"),
            "cc_refs": refs("email-addr"),
            "bcc_refs": refs("email-addr"),
            "message_id": TEXT,
            "subject": TEXT,
            "received_lines": TEXTS,
            "additional_header_fields": dictionary(
                {
                    "type": ["string", "array"],
                    "items": TEXT,
                    "minItems": 2,
                    "sentence": "must be a text, or a list of texts where there are several",
                }
            ),
            "body": TEXT,
            "body_multipart": MIME_PARTS,
            "raw_email_ref": ref("artifact"),
        },
        identity=("from_ref", "subject", "body"),
        rules=(_body_of,),
    ),
    _observable(
        "file",
        (),
        {
            "hashes": HASHES,
            "size": COUNT,
            "name": TEXT,
            "name_enc": CHARACTER_SET,
            "magic_number_hex": HEX,
            "mime_type": TEXT,
            "parent_directory_ref": ref("directory"),
            "contains_refs": many(OBSERVABLE_REF),
            "content_ref": ref("artifact"),
            **_FILE_TIMES,
        },
        some_of=("hashes", "name"),
        identity=("hashes", "name", "parent_directory_ref", "extensions"),
        extensions=FILE_EXTENSIONS,
    ),
    _observable(
        "ipv4-addr",
        ("value",),
        {
            "value": IPV4,
            "resolves_to_refs": refs("mac-addr"),
            "belongs_to_refs": refs("autonomous-system"),
        },
        identity=("value",),
    ),
    _observable(
        "ipv6-addr",
        ("value",),
        {
            "value": IPV6,
            "resolves_to_refs": refs("mac-addr"),
            "belongs_to_refs": refs("autonomous-system"),
        },
        identity=("value",),
    ),
    _observable("mac-addr", ("value",), {"value": MAC}, identity=("value",)),
    _observable("mutex", ("name",), {"name": TEXT}, identity=("name",)),
    _observable(
        "network-traffic",
        ("protocols",),
        {
            "start": TIMESTAMP,
            "end": TIMESTAMP,
            "is_active": BOOLEAN,
            "src_ref": ref(*_HOSTS),
            "dst_ref": ref(*_HOSTS),
            "src_port": whole(0, 65535),
            "dst_port": whole(0, 65535),
            "protocols": TEXTS,
            "src_byte_count": COUNT,
            "dst_byte_count": COUNT,
            "src_packets": COUNT,
            "dst_packets": COUNT,
            "ipfix": dictionary({"type": ["string", "integer"]}),
            "src_payload_ref": ref("artifact"),
            "dst_payload_ref": ref("artifact"),
            "encapsulates_refs": refs("network-traffic"),
            "encapsulated_by_ref": ref("network-traffic"),
        },
        some_of=("src_ref", "dst_ref"),
        order=(("start", "end", True),),
        identity=(
            "start",
            "end",
            "src_ref",
            "dst_ref",
            "src_port",
            "dst_port",
            "protocols",
            "extensions",
        ),
        extensions=TRAFFIC_EXTENSIONS,
        rules=(_end_of_traffic,),
    ),
    _any_of(
        "process",
        {
            "is_hidden": BOOLEAN,
            "pid": INTEGER,
            "created_time": TIMESTAMP,
            "cwd": TEXT,
            "command_line": TEXT,
            "environment_variables": dictionary(TEXT),
            "opened_connection_refs": refs("network-traffic"),
            "creator_user_ref": ref("user-account"),
            "image_ref": ref("file"),
            "parent_ref": ref("process"),
            "child_refs": refs("process"),
        },
        extensions=PROCESS_EXTENSIONS,
    ),
    _observable(
        "software",
        ("name",),
        {
            "name": TEXT,
            "cpe": CPE,
            "swid": TEXT,
            "languages": many(LANGUAGE),
            "vendor": TEXT,
            "version": TEXT,
        },
        identity=("name", "cpe", "swid", "vendor", "version"),
    ),
    _observable("url", ("value",), {"value": URL}, identity=("value",)),
    _any_of(
        "user-account",
        {
            "user_id": TEXT,
            "credential": TEXT,
            "account_login": TEXT,
            "account_type": TEXT,
            "display_name": TEXT,
            "is_service_account": BOOLEAN,
            "is_privileged": BOOLEAN,
            "can_escalate_privs": BOOLEAN,
            "is_disabled": BOOLEAN,
            **dict.fromkeys(_ACCOUNT_TIMES, TIMESTAMP),
        },
        identity=("account_type", "user_id", "account_login"),
        extensions=USER_EXTENSIONS,
    ),
    _any_of(
        "windows-registry-key",
        {
            "key": REGISTRY_KEY,
            "values": many(
                embedded(
                    {
                        "name": TEXT,
                        "data": TEXT,
                        "data_type": one_of(vocabulary.REGISTRY_TYPES),
                    }
                )
            ),
            "modified_time": TIMESTAMP,
            "creator_user_ref": ref("user-account"),
            "number_of_subkeys": INTEGER,
        },
        identity=("key", "values"),
    ),
    _any_of(
        "x509-certificate",
        {
            "is_self_signed": BOOLEAN,
            "hashes": HASHES,
            "version": TEXT,
            "serial_number": TEXT,
            "signature_algorithm": TEXT,
            "issuer": TEXT,
            "validity_not_before": TIMESTAMP,
            "validity_not_after": TIMESTAMP,
            "subject": TEXT,
            "subject_public_key_algorithm": TEXT,
            "subject_public_key_modulus": TEXT,
            "subject_public_key_exponent": INTEGER,
            "x509_v3_extensions": CERTIFICATE_EXTENSIONS,
        },
        identity=("hashes", "serial_number"),
    ),
)
