"""Calls the application under test, and holds every answer against its OpenAPI document."""

import functools
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from service.web.openapi import document

JSON = dict[str, Any]
FORMATS = FormatChecker(formats=["date-time"])


class Caller:
    """A test client that speaks JSON, keeps cookies, and checks shapes.

    ``seen`` collects the operations that answered well, as ``METHOD /path/{name}``.
    """

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self.app = app
        self.client = app.test_client()
        self.token = token
        self.seen: set[str] = set()
        self.paths = described_by(app)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any
    ) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if token or self.token:
            headers.setdefault("Authorization", f"Bearer {token or self.token}")
        if body is not None:
            options["json"] = body
        response = self.client.open(path, method=method, headers=headers, **options)
        if path.startswith("/api/") and method != "OPTIONS":
            self._check(method, path, response)
        return response

    def _check(self, method: str, path: str, response: TestResponse) -> None:
        if response.status_code >= 400:
            assert response.mimetype == "application/problem+json", response.text
            assert response.json is not None
            assert response.json["status"] == response.status_code
            assert response.json["detail"]
            self._validate(response.json, {"$ref": "#/components/schemas/Problem"})
            return
        template, described = self._described(method, path)
        returned = described["responses"].get(str(response.status_code))
        assert returned, f"{method} {template} answers {response.status_code}, not documented"
        self.seen.add(f"{method} {template}")
        if "content" not in returned:
            assert response.data == b""
            return
        kind, shape = next(iter(returned["content"].items()))
        assert kind in ("*/*", response.mimetype)
        if kind == "application/json":
            self._validate(response.json, shape["schema"])

    def _described(self, method: str, path: str) -> tuple[str, JSON]:
        bare = path.split("?", maxsplit=1)[0]
        adapter = self.app.url_map.bind("localhost")
        try:
            rule, _ = adapter.match(bare, method=method, return_rule=True)
        except HTTPException as error:
            raise AssertionError(f"{method} {bare} is no route") from error
        template = rule.rule.replace("<", "{").replace(">", "}")
        return template, self.paths["paths"][template][method.lower()]

    def _validate(self, value: Any, schema: JSON) -> None:
        errors = [error.message for error in validator_of(schema["$ref"]).iter_errors(value)]
        assert not errors, errors


DOCUMENTS: list[JSON] = []


def described_by(app: Flask) -> JSON:
    """The OpenAPI document; every application has the same, so it is made once."""
    if not DOCUMENTS:
        DOCUMENTS.append(document(app))
    return DOCUMENTS[0]


@functools.cache
def validator_of(ref: str) -> Draft202012Validator:
    """Checks a value against a named schema of the document."""
    whole = {"$ref": ref, "components": DOCUMENTS[0]["components"]}
    return Draft202012Validator(whole, format_checker=FORMATS)


@dataclass
class Customer:
    """A customer with a conversation."""

    caller: Caller
    conversation: str
    token: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def path(self) -> str:
        return f"/api/v1/conversations/{self.conversation}"

    def say(self, text: str, **fields: Any) -> JSON:
        """Post a message that must be accepted; returns the turn."""
        body = {"client_id": f"c-{next(self.numbers)}", "text": text, **fields}
        response = self.caller.post(f"{self.path}/messages", body, token=self.token)
        assert response.status_code == 201, response.text
        return dict(response.json or {})

    def messages(self, after: int = 0) -> list[JSON]:
        """What the customer sees."""
        response = self.caller.get(f"{self.path}/messages?after={after}", token=self.token)
        assert response.status_code == 200, response.text
        return list((response.json or {})["messages"])

    def status(self) -> str:
        response = self.caller.get(f"{self.path}/messages", token=self.token)
        return str((response.json or {})["conversation"]["status"])


def start(caller: Caller, **body: Any) -> Customer:
    """Start a conversation."""
    response = caller.post("/api/v1/conversations", body)
    assert response.status_code == 201, response.text
    started = response.json or {}
    return Customer(caller, started["conversation"]["id"], started["token"])


@dataclass
class Frame:
    """One event of a stream."""

    id: int
    event: str
    data: JSON


def frames(response: TestResponse, most: int | None = None) -> list[Frame]:
    """The first ``most`` events of a stream, or all until it ends; comments are passed over."""
    found: list[Frame] = []
    rest: str = vars(response).pop("rest", "")  # what came along with the last ones
    if most == 0:
        return found
    for chunk in itertools.chain([b""], response.response):
        rest += chunk.decode() if isinstance(chunk, bytes) else chunk
        while "\n\n" in rest:
            block, rest = rest.split("\n\n", maxsplit=1)
            lines = dict(
                line.split(": ", maxsplit=1) for line in block.splitlines() if line[:1] != ":"
            )
            if "data" in lines:
                found.append(
                    Frame(int(lines.get("id", 0)), lines["event"], json.loads(lines["data"]))
                )
            if most is not None and len(found) >= most:
                vars(response)["rest"] = rest
                return found
    return found
