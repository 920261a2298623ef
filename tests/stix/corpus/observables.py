"""Observables, with the extensions that the specification gives them."""

from typing import Any

from tests.stix.corpus.making import (
    Value,
    observable,
    ref,
)

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
