"""The TAXII door described in OpenAPI, for the tests that throw everything at it."""

from typing import Any

TAXII = "application/taxii+json;version=2.1"


def _parameter(name: str, schema: dict[str, Any], place: str = "query") -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


_TEXT: dict[str, Any] = {"type": "string"}
_ID = _parameter("stix_id", {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}, "path")
_STATUS = _parameter("status_id", {"type": "string", "format": "uuid"}, "path")
_PAGING = [
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 10**6}),
    _parameter("added_after", {"type": "string", "format": "date-time"}),
    _parameter("next", _TEXT),
]
_VERSION = _parameter("match[version]", {"enum": ["first", "last", "all", "first,last"]})
_SPEC = _parameter("match[spec_version]", {"enum": ["2.0", "2.1", "2.0,2.1"]})
_MATCH = [
    _parameter("match[id]", _TEXT),
    _parameter("match[type]", {"enum": ["indicator", "campaign", "indicator,campaign"]}),
    _VERSION,
    _SPEC,
]
_CODES = (200, 202, 304, 400, 401, 403, 404, 405, 406, 413, 415, 422)
_ANSWERS = {
    str(code): {"description": "", "content": {TAXII: {"schema": {"type": "object"}}}}
    for code in _CODES
}
_BODY = {
    "content": {
        TAXII: {
            "schema": {
                "type": "object",
                "properties": {
                    "objects": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "type": {"enum": ["indicator", "campaign", "x", "ipv4-addr"]},
                                "spec_version": {"enum": ["2.1", "2.0"]},
                                "id": _TEXT,
                                "created": {"type": "string", "format": "date-time"},
                                "modified": {"type": "string", "format": "date-time"},
                                "pattern": _TEXT,
                                "extensions": {"type": "object"},
                                "object_marking_refs": {"type": "array"},
                                "granular_markings": {"type": "array"},
                            },
                        },
                    }
                },
            }
        }
    }
}


def _operation(*parameters: dict[str, Any], body: bool = False) -> dict[str, Any]:
    operation: dict[str, Any] = {"parameters": list(parameters), "responses": _ANSWERS}
    return operation | ({"requestBody": _BODY} if body else {})


def specification(collection: str) -> dict[str, Any]:
    """OpenAPI 3 of every TAXII path; reads and writes go to one collection."""
    base = f"/taxii2/root/collections/{collection}"
    return {
        "openapi": "3.0.3",
        "info": {"title": "TAXII 2.1", "version": "2.1"},
        "paths": {
            "/taxii2/": {"get": _operation()},
            "/taxii2/root/": {"get": _operation()},
            "/taxii2/root/status/{status_id}/": {"get": _operation(_STATUS)},
            "/taxii2/root/collections/": {"get": _operation()},
            "/taxii2/root/collections/{collection}/": {
                "get": _operation(_parameter("collection", {**_TEXT, "minLength": 1}, "path"))
            },
            f"{base}/manifest/": {"get": _operation(*_PAGING, *_MATCH)},
            f"{base}/objects/": {
                "get": _operation(*_PAGING, *_MATCH),
                "post": _operation(body=True),
            },
            f"{base}/objects/{{stix_id}}/": {
                "get": _operation(_ID, *_PAGING, _VERSION, _SPEC),
                "delete": _operation(_ID, _VERSION, _SPEC),
            },
            f"{base}/objects/{{stix_id}}/versions/": {"get": _operation(_ID, *_PAGING, _SPEC)},
        },
    }
