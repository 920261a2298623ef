"""The predefined extensions of observables (STIX 2.1 §6), by the key they are stored under."""

from collections.abc import Mapping

from indicators.stix import vocabulary
from indicators.stix.values import (
    BOOLEAN,
    COUNT,
    HASHES,
    HEX,
    INTEGER,
    NOTHING,
    NUMBER,
    TEXT,
    TIMESTAMP,
    Fragment,
    dictionary,
    embedded,
    many,
    one_of,
    ref,
    refs,
)

_OPTIONAL_HEADER = embedded(
    {
        **dict.fromkeys(
            (
                "magic_hex",
                "win32_version_value_hex",
                "checksum_hex",
                "subsystem_hex",
                "dll_characteristics_hex",
                "loader_flags_hex",
            ),
            HEX,
        ),
        **dict.fromkeys(
            (
                "major_linker_version",
                "minor_linker_version",
                "address_of_entry_point",
                "base_of_code",
                "base_of_data",
                "image_base",
                "section_alignment",
                "file_alignment",
                "major_os_version",
                "minor_os_version",
                "major_image_version",
                "minor_image_version",
                "major_subsystem_version",
                "minor_subsystem_version",
                "number_of_rva_and_sizes",
            ),
            INTEGER,
        ),
        **dict.fromkeys(
            (
                "size_of_code",
                "size_of_initialized_data",
                "size_of_uninitialized_data",
                "size_of_image",
                "size_of_headers",
                "size_of_stack_reserve",
                "size_of_stack_commit",
                "size_of_heap_reserve",
                "size_of_heap_commit",
            ),
            COUNT,
        ),
        "hashes": HASHES,
    }
)
_SECTION = embedded({"name": TEXT, "size": COUNT, "entropy": NUMBER, "hashes": HASHES}, "name")
_WHOLE_SECONDS: Fragment = {
    **TIMESTAMP,
    "pattern": "T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    "sentence": "must be a timestamp in whole seconds",
}

_STARTUP_INFO = embedded(
    {
        **dict.fromkeys(("lpDesktop", "lpTitle"), TEXT),
        **dict.fromkeys(("dwFillAttribute", "dwFlags", "wShowWindow"), TEXT),
        **dict.fromkeys(("hStdInput", "hStdOutput", "hStdError"), TEXT),
        **dict.fromkeys(("cb", "dwX", "dwY", "dwXSize", "dwYSize"), INTEGER),
        **dict.fromkeys(("dwXCountChars", "dwYCountChars"), INTEGER),
        **dict.fromkeys(("lpReserved", "lpReserved2"), NOTHING),
        "cbReserved2": {"const": 0},
    }
)

FILE_EXTENSIONS: Mapping[str, Fragment] = {
    "archive-ext": embedded(
        {"contains_refs": refs("file", "directory"), "comment": TEXT}, "contains_refs"
    ),
    "ntfs-ext": embedded(
        {
            "sid": TEXT,
            "alternate_data_streams": many(
                embedded({"name": TEXT, "hashes": HASHES, "size": COUNT}, "name")
            ),
        }
    ),
    "pdf-ext": embedded(
        {
            "version": TEXT,
            "is_optimized": BOOLEAN,
            "document_info_dict": dictionary(TEXT),
            "pdfid0": TEXT,
            "pdfid1": TEXT,
        }
    ),
    "raster-image-ext": embedded(
        {
            "image_height": INTEGER,
            "image_width": INTEGER,
            "bits_per_pixel": INTEGER,
            "exif_tags": dictionary({"type": ["string", "integer"]}, "^[A-Z][a-zA-Z0-9_-]+$"),
        }
    ),
    "windows-pebinary-ext": embedded(
        {
            "pe_type": TEXT,
            "imphash": TEXT,
            "machine_hex": HEX,
            "number_of_sections": COUNT,
            "time_date_stamp": _WHOLE_SECONDS,
            "pointer_to_symbol_table_hex": HEX,
            "number_of_symbols": COUNT,
            "size_of_optional_header": COUNT,
            "characteristics_hex": HEX,
            "file_header_hashes": HASHES,
            "optional_header": _OPTIONAL_HEADER,
            "sections": many(_SECTION),
        },
        "pe_type",
    ),
}

TRAFFIC_EXTENSIONS: Mapping[str, Fragment] = {
    "http-request-ext": embedded(
        {
            "request_method": TEXT,
            "request_value": TEXT,
            "request_version": TEXT,
            "request_header": dictionary(many(TEXT)),
            "message_body_length": INTEGER,
            "message_body_data_ref": ref("artifact"),
        },
        "request_method",
        "request_value",
    ),
    "icmp-ext": embedded(
        {"icmp_type_hex": HEX, "icmp_code_hex": HEX}, "icmp_type_hex", "icmp_code_hex"
    ),
    "socket-ext": embedded(
        {
            "address_family": one_of(vocabulary.ADDRESS_FAMILIES),
            "is_blocking": BOOLEAN,
            "is_listening": BOOLEAN,
            "options": dictionary(
                INTEGER, "^(?:SO|ICMP|ICMP6|IP|IPV6|MCAST|TCP|IRLMP)(?:_[A-Z0-9]+)+$"
            ),
            "socket_type": one_of(vocabulary.SOCKET_TYPES),
            "socket_descriptor": COUNT,
            "socket_handle": INTEGER,
        },
        "address_family",
    ),
    "tcp-ext": embedded({"src_flags_hex": HEX, "dst_flags_hex": HEX}),
}

PROCESS_EXTENSIONS: Mapping[str, Fragment] = {
    "windows-process-ext": embedded(
        {
            "aslr_enabled": BOOLEAN,
            "dep_enabled": BOOLEAN,
            "priority": TEXT,
            "owner_sid": TEXT,
            "window_title": TEXT,
            "startup_info": _STARTUP_INFO,
            "integrity_level": one_of(vocabulary.INTEGRITY_LEVELS),
        }
    ),
    "windows-service-ext": embedded(
        {
            "service_name": TEXT,
            "descriptions": many(TEXT),
            "display_name": TEXT,
            "group_name": TEXT,
            "start_type": one_of(vocabulary.SERVICE_START_TYPES),
            "service_dll_refs": refs("file"),
            "service_type": one_of(vocabulary.SERVICE_TYPES),
            "service_status": one_of(vocabulary.SERVICE_STATUSES),
        }
    ),
}

USER_EXTENSIONS: Mapping[str, Fragment] = {
    "unix-account-ext": embedded(
        {"gid": INTEGER, "groups": many(TEXT), "home_dir": TEXT, "shell": TEXT}
    ),
}
