"""The forms of observable values that STIX 2.1 takes from other standards (§6)."""

from indicators.stix.values import Fragment

# Octets without leading zeros; groups of IPv6 in every legal arrangement are left to `ipaddress`.
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4: Fragment = {
    "type": "string",
    "pattern": rf"^(?:{_OCTET}\.){{3}}{_OCTET}(?:/(?:3[0-2]|[12]?[0-9]))?$",
    "sentence": "must be an IPv4 address or a CIDR block",
}
IPV6: Fragment = {
    "type": "string",
    "format": "ipv6-block",
    "sentence": "must be an IPv6 address or a CIDR block, without a zone",
}
MAC: Fragment = {
    "type": "string",
    "pattern": "^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$",
    "sentence": "must be six pairs of lower-case hexadecimal digits with colons between them",
}
DOMAIN: Fragment = {
    "type": "string",
    "format": "idn-hostname",
    "sentence": "must be a domain name (RFC 1034, RFC 5890)",
}
EMAIL: Fragment = {
    "type": "string",
    "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+$",
    "sentence": "must be an e-mail address without display name (RFC 5322 §3.4.1)",
}
MEDIA_TYPE: Fragment = {
    "type": "string",
    "pattern": "^(?:application|audio|font|image|message|model|multipart|text|video)"
    "/[A-Za-z0-9.+_-]+$",
    "sentence": "must be a registered media type such as application/zip",
}
CHARACTER_SET: Fragment = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9_():.+-]{2,250}$",
    "sentence": "must be a character set registered by IANA",
}
CPE: Fragment = {
    "type": "string",
    "pattern": r"^cpe:2\.3:[aho*-](?::(?:[*-]|[?*]*(?:[A-Za-z0-9._-]|\\[\\*?!-/:-@\[-`{-~])+[?*]*))"
    r"{5}(?::(?:[*-]|[A-Za-z]{2,3}(?:-(?:[A-Za-z]{2}|[0-9]{3}))?))"
    r"(?::(?:[*-]|[?*]*(?:[A-Za-z0-9._-]|\\[\\*?!-/:-@\[-`{-~])+[?*]*)){4}$",
    "sentence": "must be a CPE 2.3 formatted string",
}
HIVES = "^(?i:HKLM|HKCC|HKCR|HKCU|HKU)(?:\\\\|$)"
REGISTRY_KEY: Fragment = {
    "type": "string",
    "not": {"pattern": HIVES},
    "sentence": "must spell the hive out, such as HKEY_LOCAL_MACHINE",
}
