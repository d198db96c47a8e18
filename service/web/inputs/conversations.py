"""What customers send: conversations, messages, files, feedback, where they can be reached."""

import re
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from service.records.words import ContactKind
from service.web.inputs.body import Body, Email, Id, Line, Name

Written = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100_000)]
# No more than can be told apart from a slip: whether mail arrives there nobody can know.
EMAIL = re.compile(r"[^@\s<>()\[\],;:\\\"]+@[^@\s.<>(),;:\\\"]+(\.[^@\s.<>(),;:\\\"]+)+")
PHONE = re.compile(r"\+?[0-9 ()./-]{6,40}")


class NewCustomer(Body):
    """Who writes; ``identifier_hash`` signs ``identifier`` with the site's secret."""

    identifier: Line | None = None
    name: Line | None = None
    email: Email | None = None
    identifier_hash: Annotated[str, StringConstraints(max_length=4000)] | None = None


class NewConversation(Body):
    """Start a conversation. With ``resume``, go on with the customer's latest one, if the
    identifier is signed and there is one; without ``start``, begin none where there is not."""

    customer: NewCustomer | None = None
    locale: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{2,35}$")] = "en"
    resume: bool = False
    start: bool = True


class NewFile(Body):
    """A file of a form, beside which stands the id that makes the upload safe to repeat."""

    client_id: Id


class WithFiles(Body):
    """A message: a text, or uploaded files by their ids, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["text"], "properties": {"text": {"minLength": 1}}},
                {"required": ["files"], "properties": {"files": {"minItems": 1}}},
            ]
        }
    )

    client_id: Id
    files: Annotated[list[Id], Field(max_length=20)] = Field(default_factory=list)
    text: Annotated[Written, Field(validate_default=True)] = ""

    @field_validator("files")
    @classmethod
    def _once_each(cls, files: list[str]) -> list[str]:
        if len(set(files)) < len(files):
            raise PydanticCustomError("files", "Each file can be sent once.")
        return files

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str, seen: ValidationInfo) -> str:
        if not text and not seen.data.get("files"):
            raise PydanticCustomError("string_too_short", "This is empty.", {"min_length": 1})
        return text


class NewMessage(WithFiles):
    """A customer's message; ``choice`` is the intent of a clicked suggestion."""

    choice: Name | None = None


class NewFeedback(Body):
    """A thumb for a message or a satisfaction rating."""

    message_id: Id
    helpful: bool | None = None
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    comment: Annotated[str, StringConstraints(max_length=2000)] | None = None


class NewContact(Body):
    """Where a customer wants to be reached, and about what."""

    kind: ContactKind
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
    about: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""

    @field_validator("value")
    @classmethod
    def _can_be_reached(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("kind") == "phone":
            if not (PHONE.fullmatch(value) and 6 <= sum(map(str.isdigit, value)) <= 15):
                raise PydanticCustomError(
                    "phone", "This is no phone number such as +44 20 7946 0958."
                )
        elif not EMAIL.fullmatch(value):
            raise PydanticCustomError("email", "This is no e-mail address such as mia@example.com.")
        return value
