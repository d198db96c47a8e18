"""What requests may carry: one model per body, and the function that reads it.

Used by the blueprints and by the OpenAPI document. Unknown fields and wrong types are refused with
the field's name; nothing here touches the store.
"""

import re
from typing import Annotated, Any, Literal, TypeVar

import orjson
from flask import current_app, request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from service.config import is_web_address, origins_of
from service.errors import InvalidInput, TooLarge, UnsupportedMedia
from service.records import ContactForm, ContactKind, Role
from service.web.complaints import in_words
from service.webhooks import EVENTS

Id = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"),
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000)]
Written = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100_000)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
# What turns the direction of the words around it has no place in a name that stands among them.
TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    BeforeValidator(lambda name: name.translate(TURNS) if isinstance(name, str) else name),
]
Greeting = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
# No more than can be told apart from a slip: whether mail arrives there nobody can know.
EMAIL = re.compile(r"[^@\s<>()\[\],;:\\\"]+@[^@\s.<>(),;:\\\"]+(\.[^@\s.<>(),;:\\\"]+)+")
PHONE = re.compile(r"\+?[0-9 ()./-]{6,40}")
LENGTH = r"\d{1,4}(\.\d{1,3})?(px|rem|em|vw|vh)?"
Sentiment = Literal["negative", "neutral", "positive"]
Version = Annotated[
    str | None,
    Field(max_length=40, description="What was edited; 409 when it is another one by now."),
]
Action = Literal["answer", "clarify", "ask", "handoff"]
Empty = Annotated[None, Field(description="No body, or an empty object.")]


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


class NewSession(Body):
    """Sign in."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: Password
    totp: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="The code of two-factor sign-in, or a recovery code."
    )


class AccountChange(Body):
    """What one changes of oneself."""

    name: PersonName


class NewPassword(Body):
    """Another password, with the one so far."""

    old: Password
    new: Password


class Confirmed(Body):
    """Who one is, once more: the password, and with two-factor sign-in a code or recovery code."""

    password: Password
    totp: Annotated[str, StringConstraints(max_length=40)] | None = None


class TotpCode(Body):
    """The first code of an authenticator."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class NewPerson(Body):
    """Somebody who is to work here; without a password one is made."""

    email: Email
    name: PersonName | None = None
    role: Role = "operator"
    password: Password | None = None


class PersonChange(Body):
    """What an admin changes of somebody; what is missing stays."""

    name: PersonName | None = None
    role: Role | None = None
    disabled: bool | None = None


class NewToken(Confirmed):
    """A token of a program, by a name to know it by. It outlives sessions and passwords, so it
    takes more than a session to make one."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class SiteChange(Body):
    """All of the site's settings; without a welcome the desk's usual words stand. Without origins
    or files those stay as they are."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    welcome: Annotated[list[Greeting], Field(max_length=10)] = Field(default_factory=list)
    suggested: Annotated[list[Name], Field(max_length=8)] = Field(default_factory=list)
    color: Annotated[str, StringConstraints(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""
    theme: Literal["", "auto", "light", "dark"] = ""
    side: Literal["", "left", "right"] = ""
    spacing: Annotated[str, StringConstraints(max_length=30)] = ""
    radius: Annotated[str, StringConstraints(max_length=15)] = ""
    font: Annotated[str, StringConstraints(max_length=200)] = ""
    locale: Literal["", "ar", "de", "en", "es", "fr", "zh"] = ""
    version: Version = None
    allowed_origins: Annotated[str, StringConstraints(max_length=4000)] | None = None
    files: bool | None = None

    @field_validator("spacing", "radius")
    @classmethod
    def _are_lengths(cls, written: str, field: ValidationInfo) -> str:
        more = f"( {LENGTH})?" if field.field_name == "spacing" else ""
        if written and not re.fullmatch(LENGTH + more, written):
            raise PydanticCustomError("length", "This must be a length such as 20px.")
        return written

    @field_validator("font")
    @classmethod
    def _is_a_family(cls, written: str) -> str:
        if not re.fullmatch(r"[\w ,'\"-]*", written):
            told = "This must be names of fonts, with commas between them."
            raise PydanticCustomError("font", told)
        return written

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, written: str | None) -> str | None:
        for origin in origins_of(written or ""):
            if origin != "*" and not ORIGIN.fullmatch(origin):
                told = f"{origin!r} is no origin such as https://shop.example"
                raise PydanticCustomError("origin", "{told}", {"told": told})
        return None if written is None else ",".join(origins_of(written)) or "*"


def _web_address(address: str | None) -> str | None:
    if address is not None and not is_web_address(address):  # which an empty one is not either
        told = (
            "This must be an http or https address with a host, and without a user or a password."
        )
        raise PydanticCustomError("address", told)
    return address


def _known_events(events: list[str] | None) -> list[str] | None:
    if events == []:
        raise PydanticCustomError("events", "Choose at least one event.")
    for event in events or []:
        if event not in EVENTS:
            raise PydanticCustomError("event", "{told}", {"told": f"There is no event {event!r}."})
    return None if events is None else [event for event in EVENTS if event in events]


WebAddress = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000),
    AfterValidator(_web_address),
]
Events = Annotated[
    list[Annotated[str, StringConstraints(max_length=100)]],
    Field(max_length=2 * len(EVENTS), json_schema_extra={"minItems": 1}),
    AfterValidator(_known_events),
]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class MaybeConfirmed(Body):
    """Who one is, once more: asked of people, who come with a session, and not of programs, which
    have a token and no password."""

    password: Password | None = None
    totp: Annotated[str, StringConstraints(max_length=40)] | None = None


class NewWebhook(MaybeConfirmed):
    """An address that hears of events; customers' words only ``with_texts``. It outlives the
    session that makes it."""

    address: WebAddress
    events: Events
    description: Description = ""
    with_texts: bool = False
    active: bool = True


class WebhookUpdate(MaybeConfirmed):
    """What to change of a webhook; what is missing stays. Where what goes takes a password."""

    address: WebAddress | None = None
    events: Events | None = None
    description: Description | None = None
    with_texts: bool | None = None
    active: bool | None = None


class NewOperatorMessage(WithFiles):
    """A reply to the customer, or a note for colleagues."""

    note: bool = False
    template: Name | None = None


Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
TagName = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r'^[^"\n\r]+$', max_length=40)
]
TagNames = Annotated[list[TagName], Field(max_length=20)]
Until = Annotated[str, StringConstraints(max_length=40)]
Search = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Order = Literal["priority", "newest", "oldest"]


class NewAssignment(Body):
    """Whose a ticket shall be, null for nobody's; the note is for colleagues."""

    to: Id | None
    note: Note | None = None


class NewTags(Body):
    """Tags to put on a ticket and to take off, by name; those that are not there yet are made."""

    add: TagNames = Field(default_factory=list)
    remove: TagNames = Field(default_factory=list)


class NewSnooze(Body):
    """Put off until a time, or without one until the customer writes."""

    until: Until | None = None


class NewMerge(Body):
    """The ticket that goes on."""

    into: Id
    note: Note | None = None


class NewBulk(Body):
    """What to do with many tickets; what belongs to another action is refused."""

    tickets: Annotated[list[Id], Field(min_length=1, max_length=200)]
    action: Literal["claim", "assign", "tag", "snooze", "wake", "return", "resolve", "reopen"]
    to: Id | None = None
    note: Note | None = None
    add: TagNames = Field(default_factory=list)
    remove: TagNames = Field(default_factory=list)
    until: Until | None = None


class TagChange(Body):
    """Another name or colour."""

    name: TagName | None = None
    color: Annotated[str, StringConstraints(max_length=20)] | None = None


class NewView(Body):
    """A search to keep in the side bar."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    q: Search = ""
    order: Order = "priority"
    shared: bool = False


class ViewChange(Body):
    """What to change of a view."""

    name: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)] | None
    ) = None
    q: Search | None = None
    order: Order | None = None
    shared: bool | None = None


class ViewOrder(Body):
    """Views of one list, in their new order."""

    views: Annotated[list[Id], Field(min_length=1, max_length=60)]


Minutes = Annotated[int, Field(ge=1, le=525_600)]
Promise = dict[Literal["low", "normal", "high", "urgent"], Minutes]
Spans = Annotated[list[Annotated[str, StringConstraints(max_length=20)]], Field(max_length=10)]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class NewSla(Body):
    """Minutes by priority; one that is missing promises nothing."""

    first_reply: Promise = Field(default_factory=dict)
    next_reply: Promise = Field(default_factory=dict)
    resolution: Promise = Field(default_factory=dict)


class NewHours(Body):
    """When people work: spans such as "09:00-17:30" by day, and dates on which nobody does."""

    timezone: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    days: dict[Day, Spans]
    closed: Annotated[
        list[Annotated[str, StringConstraints(max_length=10)]], Field(max_length=400)
    ] = Field(default_factory=list)


class NewPromises(Body):
    """How soon the desk replies and resolves; null promises nothing, and no hours are all hours."""

    sla: NewSla | None
    hours: NewHours | None = None
    contact_form: ContactForm | None = Field(
        None, description="When a customer who waits may leave an address; null as it is."
    )
    version: Version = None


class NewPresence(Body):
    """Which ticket one tab of an operator's has open; none when it has none any more."""

    tab: Id
    ticket_id: Id | None = None
    state: Literal["looking", "writing", "noting"] = "looking"


class NewCannedReply(Body):
    """A reply to be used often: the team's, or one's own."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]
    own: bool = False


class NewCorrection(Body):
    """What a message really was."""

    intent: Name | None = None
    sentiment: Sentiment | None = None
    template: Name | None = None


class SettledLabels(Body):
    """What messages of which operators said different things really were."""

    messages: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    intent: Name | None = None
    sentiment: Sentiment | None = None


class IntentChange(Body):
    """An intent without its name, which the address carries."""

    group: Name
    title: Line
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    slots: list[Name] = Field(default_factory=list)
    action: Literal["answer", "handoff"] = "answer"
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    version: Version = None


class NewIntent(IntentChange):
    """An intent."""

    name: Name


class TemplateChange(Body):
    """A template without its name."""

    intent: Name
    text: Text
    sentiment: Sentiment | None = None
    version: Version = None


class NewTemplate(TemplateChange):
    """A template."""

    name: Name


class EntitySpan(Body):
    """Characters ``start`` to ``end`` of an example."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    label: Name


class NewExample(Body):
    """A labelled text; spans count its characters as sent, spaces around it included."""

    text: Annotated[str, StringConstraints(max_length=100_000, pattern=r"\S")]
    intent: Name | None = None
    sentiment: Sentiment | None = None
    entities: list[EntitySpan] | None = None
    split: Literal["train", "valid", "test"] | None = None
    version: Version = None


class ArticleChange(Body):
    """An article without its id."""

    title: Line
    text: Text
    intents: list[Name] = Field(default_factory=list)
    version: Version = None


class NewArticle(ArticleChange):
    """An article."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]


class GoldenChange(Body):
    """A message whose intent and action must never break."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    intent: Name
    action: Action
    version: Version = None


class FactsChange(Body):
    """All of the desk's facts, by name; one that is empty is not known yet."""

    facts: Annotated[
        dict[Name, Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]],
        Field(max_length=500),
    ]
    version: Version = None


class Restored(Body):
    """Which side of a change an item becomes again; ``version`` is what it is now."""

    side: Literal["before", "after"] = "before"
    version: Version = None


class TriedMessage(Body):
    """A message to try; ``challenger``: also with the release on trial."""

    text: Text
    challenger: bool = False


class NewAcceptance(Body):
    """What a proposal is accepted as; what is missing is as proposed. An empty ``answer`` is none;
    ``left_out`` are the places of texts that do not belong."""

    intent: Name | None = None
    sentiment: Sentiment | None = None
    name: Name | None = None
    title: Line | None = None
    group: Name | None = None
    answer: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100_000)] | None = (
        None
    )
    left_out: list[int] = Field(default_factory=list)


class NewDiff(Body):
    """Compare a release with the champion; ``since`` is a span such as 7d, or a time."""

    since: Annotated[str, StringConstraints(max_length=40)] = "7d"


class NewTrial(Body):
    """Put a release on trial: a shadow reads its share, a canary (at most half) answers it."""

    mode: Literal["shadow", "canary"]
    share: Annotated[float, Field(gt=0, le=1)]


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
