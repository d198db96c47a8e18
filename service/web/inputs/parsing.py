"""Reads the request at hand: its JSON, its body as a model, its query parameters.

Called by the blueprints, once a call. Whatever is wrong is refused with the field's name, in the
words of `service.web.complaints`.
"""

from typing import Any, TypeVar

import orjson
from flask import current_app, request
from pydantic import ValidationError

from service.errors import InvalidInput, TooLarge, UnsupportedMedia
from service.web.complaints import in_words
from service.web.inputs.body import Body
from service.web.inputs.content import TriedMessage
from service.web.inputs.conversations import NewMessage, WithFiles
from service.web.inputs.tickets import NewOperatorMessage

B = TypeVar("B", bound=Body)
MOST_ERRORS = 100  # that are told of one body: an answer must not be larger than its question
LONGEST_FIELD = 200


def read_json() -> Any:
    """The request's JSON value; an empty body is an empty object.

    Raises ``UnsupportedMedia`` for another content type and ``InvalidInput`` for broken JSON,
    invalid UTF-8 and lone surrogates.
    """
    raw = request.get_data(cache=False)
    if request.content_length is None and len(raw) >= (request.max_content_length or 0):
        raise TooLarge("The body is too large.")  # sent in chunks, it was cut at the limit
    if not raw:
        return {}
    if request.mimetype != "application/json":
        raise UnsupportedMedia("Send the body as application/json.")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The body is not valid JSON: {error}.") from None


def read_body(model: type[B]) -> B:
    """The request's body as a model; ``InvalidInput`` lists every field that is wrong."""
    value = read_json()
    if not isinstance(value, dict):
        raise InvalidInput("The body must be a JSON object.")
    body = checked(model, value)
    text = getattr(body, "text", None)
    config = current_app.config["FRONTDESK"].config
    limit = config.max_text
    if (
        isinstance(body, NewMessage | NewOperatorMessage | TriedMessage)
        and text
        and len(text) > limit
    ):
        message = f"A message may have at most {limit} characters."
        raise InvalidInput(f"text: {message}", errors=[{"field": "text", "message": message}])
    if isinstance(body, WithFiles) and len(body.files) > config.files_per_message:
        message = f"A message may have at most {config.files_per_message} files."
        raise InvalidInput(f"files: {message}", errors=[{"field": "files", "message": message}])
    return body


def checked(model: type[B], value: dict[str, Any]) -> B:
    """The fields as a model; ``InvalidInput`` lists those that are wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:MOST_ERRORS]
        errors = [
            {"field": ".".join(map(str, e["loc"]))[:LONGEST_FIELD], "message": in_words(e)}
            for e in found
        ]
        first = f"{errors[0]['field']}: {errors[0]['message']}"
        raise InvalidInput(first, errors=errors) from None


def no_body() -> None:
    """For calls that take nothing: refuse what is not an empty object."""
    value = read_json()
    if value != {}:
        raise InvalidInput("This call takes no fields.")


def query_choice(name: str, allowed: tuple[str, ...], default: str | None = None) -> str | None:
    """A query parameter that must be one of ``allowed``."""
    value = request.args.get(name) or default
    if value is not None and value not in allowed:
        raise InvalidInput(f"{name}: must be one of {', '.join(allowed)}.", field=name)
    return value


def query_number(name: str, default: int, low: int, high: int) -> int:
    """A query parameter that must be a whole number within bounds."""
    raw = request.args.get(name)
    if raw in (None, ""):
        return default
    if not (raw.isascii() and raw.isdigit()) or len(raw) > 18 or not low <= int(raw) <= high:
        raise InvalidInput(f"{name}: must be a whole number from {low} to {high}.", field=name)
    return int(raw)
