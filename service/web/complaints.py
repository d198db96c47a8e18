"""What is wrong with a field of a request, in words that a person reads beside the field.

Used by `service.web.inputs`. What it has no words for keeps those of pydantic, which are for
programmers.
"""

from collections.abc import Mapping
from typing import Any

WORDS = {
    "missing": "This is missing.",
    "extra_forbidden": "There is no such field.",
    "string_type": "This must be text.",
    "bool_type": "This must be true or false.",
    "bool_parsing": "This must be true or false.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "float_type": "This must be a number.",
    "float_parsing": "This must be a number.",
    "list_type": "This must be a list.",
    "dict_type": "This must be an object.",
    "model_type": "This must be an object.",
    "greater_than_equal": "This must be at least {ge}.",
    "greater_than": "This must be more than {gt}.",
    "less_than_equal": "This must be at most {le}.",
    "less_than": "This must be less than {lt}.",
    "literal_error": "This must be {expected}.",
    "string_too_long": "This may have at most {max_length} characters.",
}


def in_words(error: Mapping[str, Any]) -> str:
    """The complaint of one entry of pydantic's ``ValidationError.errors()``."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_too_short":
        least = context["min_length"]
        return f"This must have at least {least} characters." if least > 1 else "This is empty."
    if kind == "too_long":
        return f"There may be at most {context['max_length']} of these."
    if kind == "too_short":
        least = context["min_length"]
        return f"There must be at least {least} of these." if least > 1 else "This is empty."
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    return WORDS[kind].format(**context) if kind in WORDS else str(error["msg"])
