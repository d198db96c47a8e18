"""The desk's configuration: the only place that reads the environment.

``load_config`` is called by the command line and the server's start; everything else gets the
``Config`` it returns. An unknown ``FRONTDESK_…`` variable is an error, so that a misspelt one
cannot be ignored silently; ``FRONTDESK_X_FILE`` names a file that holds the value of ``X``.
"""

import ipaddress
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from service.errors import ConfigError

PREFIX = "FRONTDESK_"
DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
USUAL_TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/pdf",
    "text/plain",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
)
FURTHER_TYPES = ("video/mp4", "video/quicktime", "application/zip")
SECRETS = (
    "site_secret",
    "jwt_secret",
    "alarm_webhook",
    "alarm_secret",
)  # an address may hold a token


class Config(BaseModel):
    """Every setting. The field ``x`` is the environment variable ``FRONTDESK_X``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(Path("var"), description="Folder of the desk's data.")
    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="Port of the server.")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="Web processes; one process more owns the model."
    )
    threads: Annotated[int, Field(ge=4, le=4096)] = Field(
        512, description="Threads of a server process; an open event stream occupies one."
    )
    public_url: str = Field(
        "", description="Address under which browsers reach the desk; https makes cookies secure."
    )
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = Field(
        0,
        description="Proxies in front of the server, whose X-Forwarded-For is believed: how many.",
    )
    allowed_origins: str = Field(
        "*",
        description="Sites that may embed the widget, separated by commas; * for any. "
        "When it is set, the console cannot change it.",
    )
    identity: Literal["optional", "required"] = Field(
        "optional",
        description="Whether an identified customer needs a valid identifier_hash. "
        "A wrong one is refused in either case.",
    )
    site_secret: str = Field(
        "", description="Key of identifier_hash; made at init and kept in the home when empty."
    )
    jwt_secret: str = Field(
        "",
        description="Key of JWTs in place of the site secret, and of them alone: needed where "
        "customers choose what is signed.",
    )
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = Field(
        "auto",
        description="Where the model runs: auto, cpu, cuda, cuda:N or several (cuda:0,cuda:1).",
    )
    encoder: str = Field(
        DEFAULT_ENCODER, description="Hugging Face id or folder of the encoder to fine-tune."
    )
    max_text: Annotated[int, Field(ge=100, le=100_000)] = Field(
        4000, description="Characters that one message may have."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much the server logs."
    )
    tracing: Literal["off", "otlp"] = Field(
        "off", description="otlp sends OpenTelemetry spans to where the OTEL_… variables say."
    )

    calls_per_minute: Annotated[int, Field(ge=0, le=100_000)] = Field(
        60,
        description="Messages, uploads or ratings of one conversation a minute, half of them at "
        "once; 20 times as many from one address. 0 for no limit.",
    )
    conversations_per_minute: Annotated[int, Field(ge=0, le=100_000)] = Field(
        60, description="Conversations that one address may begin a minute; 0 for no limit."
    )

    file_bytes: Annotated[int, Field(ge=1000, le=1_000_000_000)] = Field(
        10_000_000, description="Bytes that one file may have."
    )
    files_per_message: Annotated[int, Field(ge=1, le=20)] = Field(
        5, description="Files that one message may have."
    )
    file_bytes_conversation: Annotated[int, Field(ge=1000)] = Field(
        100_000_000, description="Bytes that a customer's files may have in one conversation."
    )
    file_bytes_day: Annotated[int, Field(ge=1000)] = Field(
        2_000_000_000, description="Bytes that all customers' files may have in 24 hours."
    )
    file_pixels: Annotated[int, Field(ge=10_000, le=80_000_000)] = Field(
        30_000_000,
        description="Pixels that a picture may have; each takes up to 14 bytes of memory.",
    )
    file_types: str = Field(
        ",".join(USUAL_TYPES),
        description="Media types that may be sent, separated by commas; files.md has them all.",
    )
    file_scanner: str = Field(
        "",
        description="Command that gets a file's path, such as `clamdscan --fdpass`; "
        "0 clean, 1 refused.",
    )
    file_scan_seconds: Annotated[float, Field(gt=0, le=110)] = Field(
        30, description="How long it may take."
    )

    watch_minutes: Annotated[int, Field(ge=0, le=60)] = Field(
        5, description="How often the server looks for surges and drift; 0 for never."
    )
    alarm_webhook: str = Field(
        "", description="Address (http or https, no password) that alarms are posted to."
    )
    alarm_secret: str = Field("", description="Key that signs what is posted there.")
    webhook_networks: str = Field(
        "",
        description="Networks that are not public and that webhooks may reach all the same, such "
        "as 10.1.0.0/16, separated by commas.",
    )

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, written: str) -> str:
        for network in _listed(written):
            try:
                ipaddress.ip_network(network)
            except ValueError:
                told = f"{network!r} is no network such as 10.1.0.0/16"
                raise PydanticCustomError("network", "{told}", {"told": told}) from None
        return written

    @field_validator("alarm_webhook")
    @classmethod
    def _can_be_posted_to(cls, address: str) -> str:
        if address and not is_web_address(address):
            told = "not an http or https address with a host and without a user or a password"
            raise PydanticCustomError("address", told)
        return address

    @field_validator("file_types")
    @classmethod
    def _are_known(cls, written: str) -> str:
        for kind in kinds_of(written):
            if kind not in (*USUAL_TYPES, *FURTHER_TYPES):
                told = f"{kind!r} is none of {', '.join((*USUAL_TYPES, *FURTHER_TYPES))}"
                raise PydanticCustomError("kind", "{told}", {"told": told})
        return written

    @field_validator("file_scanner")
    @classmethod
    def _can_be_split(cls, command: str) -> str:
        try:
            shlex.split(command)
        except ValueError as error:
            raise PydanticCustomError("command", "{told}", {"told": str(error)}) from None
        return command

    @property
    def files(self) -> Path:
        """The folder of the files that people attached."""
        return self.home / "files"

    @property
    def kinds(self) -> tuple[str, ...]:
        """``file_types`` as a tuple."""
        return kinds_of(self.file_types)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "desk.db"

    @property
    def releases(self) -> Path:
        """The folder of releases and of the ``champion`` file."""
        return self.home / "releases"

    @property
    def cache(self) -> Path:
        """The folder of the vectors of the content, which may go at any time."""
        return self.home / "cache"

    @property
    def networks(self) -> tuple[Network, ...]:
        """``webhook_networks`` as a tuple."""
        return tuple(ipaddress.ip_network(network) for network in _listed(self.webhook_networks))

    @property
    def origins(self) -> tuple[str, ...]:
        """``allowed_origins`` as a tuple."""
        return origins_of(self.allowed_origins)


def kinds_of(written: str) -> tuple[str, ...]:
    """Media types that are separated by commas."""
    return tuple(kind.strip().lower() for kind in written.split(",") if kind.strip())


def origins_of(written: str) -> tuple[str, ...]:
    """Origins that are separated by commas, as browsers send them: small letters, usual port."""
    return tuple(_as_sent(o.strip().rstrip("/").lower()) for o in written.split(",") if o.strip())


def _as_sent(origin: str) -> str:
    usual = {"https": ":443", "http": ":80"}.get(origin.partition("://")[0], "")
    return origin.removesuffix(usual)


def load_config(environ: Mapping[str, str], **overrides: object) -> Config:
    """The configuration from the environment; ``overrides`` (None = not given) win over it.

    Raises ``ConfigError`` naming the variable that is unknown or malformed.
    """
    values: dict[str, object] = {}
    for variable, given in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name, value = variable.removeprefix(PREFIX).lower(), given
        if name not in Config.model_fields and name.endswith("_file"):
            name, value = name.removesuffix("_file"), _read_secret(variable, given)
        if name not in Config.model_fields:
            known = ", ".join(PREFIX + field.upper() for field in Config.model_fields)
            raise ConfigError(f"Unknown setting {variable}. Known settings: {known}.")
        if name in values:
            raise ConfigError(f"{variable} is set twice, directly and by a _FILE variable.")
        values[name] = value
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        variable = PREFIX + str(first["loc"][0]).upper()
        got = "" if first["loc"][0] in SECRETS else f" (got {first['input']!r})"
        raise ConfigError(f"{variable}: {first['msg']}{got}.") from None


def is_web_address(address: str) -> bool:
    """Whether something can be posted there: http or https, a host, no user and no password."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises when it is no number
    except ValueError:
        return False
    plain = address.isascii() and address.isprintable() and " " not in address
    return (
        plain
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
    )


def _listed(written: str) -> list[str]:
    return [part.strip() for part in written.split(",") if part.strip()]


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable} names a file that cannot be read: {error}.") from None
