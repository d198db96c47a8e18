"""What all bodies have in common: their base, and the fields that several of them carry.

A kind of field that belongs to one subject stands beside its bodies.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

Id = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"),
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000)]
Sentiment = Literal["negative", "neutral", "positive"]
Version = Annotated[
    str | None,
    Field(max_length=40, description="What was edited; 409 when it is another one by now."),
]


class Body(BaseModel):
    """A request body: no unknown fields, no coercion, no NUL characters."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*")
    @classmethod
    def _no_nul(cls, value: Any) -> Any:
        # Much of what reads texts later ends at a NUL.
        texts = [*value, *value.values()] if isinstance(value, dict) else [value]
        texts += value if isinstance(value, list) else []
        if any(isinstance(text, str) and "\0" in text for text in texts):
            raise PydanticCustomError("nul", "must not hold NUL characters")
        return value
