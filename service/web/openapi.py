"""The OpenAPI 3.1 document, made from the views' own descriptions and models.

Served at ``/openapi.json`` and kept in docs/openapi.json, which a test compares. Describes what is
registered, so it cannot name a call that does not exist.
"""

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Flask
from pydantic.json_schema import models_json_schema

from service.roles import ROLES
from service.web.inputs.body import Body
from service.web.operations import Operation
from service.web.responses.schema import ref
from service.web.responses.table import SCHEMAS

REF = "#/components/schemas/{model}"
STATUS_WORDS = {200: "Done", 201: "Made", 202: "Begun", 204: "Done, nothing to say"}
SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "none": [],
    "conversation": [{"conversation": []}],
    "operator": [{"token": []}, {"session": []}],
    "lead": [{"token": []}, {"session": []}],
    "admin": [{"token": []}, {"session": []}],
}


def document(app: Flask) -> dict[str, Any]:
    """The document of every described view of the application."""
    described = [
        (rule, method.lower(), described_as)
        for rule in app.url_map.iter_rules()
        if isinstance(
            described_as := getattr(app.view_functions[rule.endpoint], "operation", None), Operation
        )
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    bodies = {o.body for _, _, o in described if o.body}
    ordered = sorted(bodies, key=lambda body: body.__name__)
    _, models = models_json_schema([(body, "validation") for body in ordered], ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, described_as in sorted(described, key=lambda d: (d[0].rule, d[1])):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method] = _operation(rule.endpoint, path, described_as)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "frontdesk",
            "version": _version(),
            "description": "Chat, tickets, content and releases of one desk.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**models.get("$defs", {}), **SCHEMAS},
            "securitySchemes": {
                "conversation": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token that starting the conversation returned.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An operator's token, fdk_…",
                },
                "session": {"type": "apiKey", "in": "cookie", "name": "frontdesk_session"},
            },
        },
    }


def _operation(endpoint: str, path: str, described: Operation) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    in_query = [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in described.query.items()
    ]
    shape: dict[str, Any] = {
        "operationId": endpoint.rsplit(".", maxsplit=1)[-1],
        "tags": [endpoint.split(".", maxsplit=1)[0]],
        "summary": described.summary,
        "parameters": in_path + in_query,
        "responses": {
            str(status): _response(status, name) for status, name in described.returns.items()
        }
        | {"default": _problem()},
        "security": SECURITY[described.auth],
    }
    if described.auth in ROLES:
        shape["x-least-role"] = described.auth
    if described.body:
        shape["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": ref(described.body.__name__)}},
        }
    if described.upload:
        shape["requestBody"] = {
            "required": True,
            "content": {"multipart/form-data": {"schema": _form(described.upload)}},
        }
    return shape


def _form(fields: type[Body]) -> dict[str, Any]:
    """The fields of a form and its file."""
    own = fields.model_json_schema()
    file = {"type": "string", "format": "binary"}
    return {
        "type": "object",
        "properties": {**own["properties"], "file": file},
        "required": [*own["required"], "file"],
    }


def _response(status: int, name: str) -> dict[str, Any]:
    described: dict[str, Any] = {"description": STATUS_WORDS[status]}
    if name == "EventStream":
        described["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    elif name == "Page":
        described["content"] = {"text/html": {"schema": {"type": "string"}}}
    elif name == "Table":
        described["content"] = {"text/csv": {"schema": {"type": "string"}}}
    elif name == "Bytes":  # of any type
        described["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    elif name != "Nothing":
        described["content"] = {"application/json": {"schema": ref(name)}}
    return described


def _problem() -> dict[str, Any]:
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {"description": "What went wrong", "content": content}


def _version() -> str:
    try:
        return version("frontdesk")
    except PackageNotFoundError:
        return "0"
