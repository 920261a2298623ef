"""The closed vocabularies of STIX 2.1 (§10): a term outside them is refused.

Open vocabularies take any term, so there is nothing to check and none is listed.
"""

EXTENSION_TYPES = (
    "new-sdo",
    "new-sco",
    "new-sro",
    "property-extension",
    "toplevel-property-extension",
)
OPINIONS = ("strongly-disagree", "disagree", "neutral", "agree", "strongly-agree")
ENCRYPTION_ALGORITHMS = ("AES-256-GCM", "ChaCha20-Poly1305", "mime-type-indicated")
ADDRESS_FAMILIES = (
    "AF_UNSPEC",
    "AF_INET",
    "AF_IPX",
    "AF_APPLETALK",
    "AF_NETBIOS",
    "AF_INET6",
    "AF_IRDA",
    "AF_BTH",
)
SOCKET_TYPES = ("SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET")
INTEGRITY_LEVELS = ("low", "medium", "high", "system")
REGISTRY_TYPES = (
    "REG_NONE",
    "REG_SZ",
    "REG_EXPAND_SZ",
    "REG_BINARY",
    "REG_DWORD",
    "REG_DWORD_BIG_ENDIAN",
    "REG_DWORD_LITTLE_ENDIAN",
    "REG_LINK",
    "REG_MULTI_SZ",
    "REG_RESOURCE_LIST",
    "REG_FULL_RESOURCE_DESCRIPTION",
    "REG_RESOURCE_REQUIREMENTS_LIST",
    "REG_QWORD",
    "REG_INVALID_TYPE",
)
SERVICE_START_TYPES = (
    "SERVICE_AUTO_START",
    "SERVICE_BOOT_START",
    "SERVICE_DEMAND_START",
    "SERVICE_DISABLED",
    "SERVICE_SYSTEM_ALERT",
)
SERVICE_TYPES = (
    "SERVICE_KERNEL_DRIVER",
    "SERVICE_FILE_SYSTEM_DRIVER",
    "SERVICE_WIN32_OWN_PROCESS",
    "SERVICE_WIN32_SHARE_PROCESS",
)
SERVICE_STATUSES = (
    "SERVICE_CONTINUE_PENDING",
    "SERVICE_PAUSE_PENDING",
    "SERVICE_PAUSED",
    "SERVICE_RUNNING",
    "SERVICE_START_PENDING",
    "SERVICE_STOP_PENDING",
    "SERVICE_STOPPED",
)

VOCABULARY: dict[str, tuple[str, ...]] = {
    "extension-type-enum": EXTENSION_TYPES,
    "opinion-enum": OPINIONS,
    "encryption-algorithm-enum": ENCRYPTION_ALGORITHMS,
    "network-socket-address-family-enum": ADDRESS_FAMILIES,
    "network-socket-type-enum": SOCKET_TYPES,
    "windows-integrity-level-enum": INTEGRITY_LEVELS,
    "windows-registry-datatype-enum": REGISTRY_TYPES,
    "windows-service-start-type-enum": SERVICE_START_TYPES,
    "windows-service-type-enum": SERVICE_TYPES,
    "windows-service-status-enum": SERVICE_STATUSES,
}
"""Closed vocabularies by the name that the specification gives them."""
