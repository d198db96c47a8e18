"""What schemas are made of: the plain types, and how they are put together.

Knows none of the desk's words; every other file here is written with it.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
ANY_OBJECT: Schema = {"type": "object"}
COUNTS: Schema = {"type": "object", "additionalProperties": WHOLE}
TIME: Schema = {"type": "string", "format": "date-time"}


def either(schema: Schema) -> Schema:
    """The schema or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def words(*values: str) -> Schema:
    """One of some strings."""
    return {"type": "string", "enum": list(values)}


def many(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """A named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def fields(required: dict[str, Schema], **optional: Schema) -> Schema:
    """An object with these fields."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }
