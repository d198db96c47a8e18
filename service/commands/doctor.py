"""Checks an installation and says what to do about what is wrong.

Every check looks, none changes anything. Exit code 1 when one failed.
"""

import http.client
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

import click
import orjson

from index.errors import ReleaseError
from service.cli import config_of, emit, load_named
from service.config import Config
from service.content import check as check_content
from service.engine import load_reader
from service.errors import DeskError, EngineAway
from service.store import open_store
from service.webhooks import Webhook

PACKAGES = ("torch", "transformers", "sentence-transformers", "faiss-cpu", "flask", "gunicorn")
FREE_BYTES = 500_000_000
HEALTH_SECONDS = 2.0
FAILING_LONG = timedelta(hours=1)  # without anything that a webhook took
MOST_BYTES = 1000  # of an answer that may be anybody's


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``todo`` says what to do when it is not ``ok``."""

    check: str
    ok: bool
    message: str
    todo: str = ""


@click.command()
@click.option("--speed", is_flag=True, help="Measure, in half a minute, what this machine carries.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, speed: bool, as_json: bool) -> None:
    """Check the installation and say what to do."""
    config = config_of(ctx)
    checks = (*CHECKS, check_speed) if speed else CHECKS
    findings = [finding for check in checks for finding in _guarded(check, config)]
    healthy = all(finding.ok for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.check}: {finding.message}")
        if not finding.ok and finding.todo:
            lines.append(f"      {finding.todo}")
    emit(as_json, {"ok": healthy, "findings": [asdict(f) for f in findings]}, "\n".join(lines))
    ctx.exit(0 if healthy else 1)


def _guarded(check: Callable[[Config], list[Finding]], config: Config) -> list[Finding]:
    name = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        return check(config)
    except (DeskError, ReleaseError) as error:
        return [Finding(name, False, str(error))]


def check_python(_config: Config) -> list[Finding]:
    """Python and the libraries."""
    ok = sys.version_info >= (3, 11)
    found = [Finding("python", ok, sys.version.split()[0], "Install Python 3.11 or newer.")]
    for package in PACKAGES:
        try:
            found.append(Finding(package, True, version(package)))
        except PackageNotFoundError:
            found.append(Finding(package, False, "is not installed", "Run `make setup`."))
    return found


def check_home(config: Config) -> list[Finding]:
    """The folder of the desk's data."""
    home = config.home
    if not home.is_dir():
        return [Finding("home", False, f"{home} does not exist", "Run `frontdesk init`.")]
    if not os.access(home, os.W_OK | os.X_OK):
        todo = f"Give this user the right to write there: chown or chmod {home}."
        return [Finding("home", False, f"{home} is not writable", todo)]
    free = shutil.disk_usage(home).free
    message = f"{home}, {free / 1e9:.1f} GB free"
    return [Finding("home", free > FREE_BYTES, message, "Make room: a release takes 100 MB.")]


def check_database(config: Config) -> list[Finding]:
    """The database and the content in it."""
    if not config.database.exists():
        return [Finding("database", False, "there is none", "Run `frontdesk init`.")]
    store = open_store(config)
    try:
        store.check()
        content = store.content()
        people = [operator for operator in store.operators() if not operator.disabled]
    finally:
        store.close()
    found = [Finding("database", True, str(config.database))]
    try:
        check_content(content, "content")
        message = f"{len(content.intents)} intents, {len(content.examples)} examples"
        found.append(Finding("content", True, message))
    except DeskError as error:
        found.append(Finding("content", False, error.message, "Mend it and import it again."))
    answered = {template.intent for template in content.templates}
    silent = [i.name for i in content.intents if i.action == "answer" and i.name not in answered]
    message = f"no template for {', '.join(silent)}" if silent else "every intent has one"
    found.append(Finding("templates", not silent, message, "Add templates in the console."))
    todo = "Run `frontdesk operator add EMAIL --role admin`."
    found.append(Finding("operators", bool(people), f"{len(people)} can sign in", todo))
    return found


def check_release(config: Config) -> list[Finding]:
    """The champion: there, whole, and able to read."""
    from index.champion import champion

    name = champion(config.releases)
    if name is None:
        return [Finding("release", False, "none is trained", "Run `frontdesk train`.")]
    try:
        reader = load_reader(config.releases / name, config.device)
    except EngineAway as error:
        todo = "Run `frontdesk releases rollback`, or train again."
        return [Finding("release", False, error.message, todo)]
    reading = reader.read(["hello"])[0]
    found = [Finding("release", True, f"{name} reads {reading.text!r} with {reader.backend.name}")]
    bound = reader.thresholds.answer
    promise = f"{reader.thresholds.promise:.0%}"
    message = (
        f"{promise} kept from certainty {bound:.2f}" if bound <= 1 else f"{promise} cannot be kept"
    )
    todo = "Too few held-out examples: add examples and train again. Until then the desk asks back."
    return [*found, Finding("promise", bound <= 1, message, todo)]


def check_webhooks(config: Config) -> list[Finding]:
    """Whether the systems that shall hear of events take them."""
    if not config.database.exists():
        return []
    store = open_store(config)
    try:
        webhooks = store.webhooks()
    finally:
        store.close()
    troubled = [webhook for webhook in webhooks if _is_troubled(webhook)]
    # The host alone: there may be a token in the rest.
    told = (f"{urlsplit(w.address).hostname} {_trouble(w)}" for w in troubled)
    message = ", ".join(sorted(told)) if troubled else f"{len(webhooks)} in order"
    todo = "Look at the log under Settings, Webhooks."
    return [Finding("webhooks", not troubled, message, todo)] if webhooks else []


def _is_troubled(webhook: Webhook) -> bool:
    """A failure of a moment is mended by the next try."""
    before = (datetime.now(UTC) - FAILING_LONG).isoformat()
    failing = webhook.failing_since is not None and webhook.failing_since < before
    return bool(webhook.stopped) or (webhook.active and failing)


def _trouble(webhook: Webhook) -> str:
    why = {"gone": "answered 410 Gone and is off", "failing": "took nothing for days and is off"}
    return why.get(webhook.stopped) or f"took nothing since {webhook.failing_since}"


def check_erasures(config: Config) -> list[Finding]:
    """Whether erased messages are forgotten everywhere, by the champion too."""
    from index.champion import champion, list_releases
    from index.seen import read_marks

    if not config.database.exists():
        return []
    store = open_store(config)
    try:
        erasures = store.erasures()
    finally:
        store.close()
    if not erasures:
        return []
    if any(erasure.finished_at is None for erasure in erasures):
        message = "an erasure was interrupted"
        return [Finding("erasures", False, message, "Run `frontdesk erase` to finish it.")]
    marks, current = read_marks(config.releases), champion(config.releases)
    if current in marks:
        todo = "Run `frontdesk train`, then `frontdesk erase --remove-releases`."
        return [Finding("erasures", False, f"{current} {marks[current].describe()}", todo)]
    left = [release.id for release in list_releases(config.releases) if release.id in marks]
    if not left or current is None:
        return [Finding("erasures", True, f"{len(erasures)}, no release learned from them")]
    since = datetime.fromtimestamp((config.releases / "champion").stat().st_mtime, UTC)
    message = (
        f"{', '.join(left)} replaced by {current}, a clean one, on {since:%Y-%m-%d}; "
        "remove with `frontdesk erase --remove-releases`"
    )
    return [Finding("erasures", True, message)]


def check_encoder(config: Config) -> list[Finding]:
    """The encoder that a training would start from."""
    try:
        path = load_named("finetune.encoders:find_encoder")(config.encoder)
    except ReleaseError as error:
        return [Finding("encoder", False, str(error), "Training needs it; serving does not.")]
    return [Finding("encoder", True, f"{config.encoder} in {path}")]


def check_address(config: Config) -> list[Finding]:
    """The address that the server would listen on."""
    from service.server import PortTaken, address_of
    from service.server import check_address as try_address

    address = address_of(config.host, config.port)
    try:
        try_address(config.host, config.port)
    except PortTaken as error:
        if _desk_answers(config):
            return [Finding("address", True, f"a desk is running at {address}")]
        todo = "If something else listens there, choose another FRONTDESK_PORT."
        return [Finding("address", False, error.message, todo)]
    return [Finding("address", True, f"{address} is free")]


def check_speed(config: Config) -> list[Finding]:
    """What the machine carries, by serving a copy of the desk."""
    from service.commands.speed import CUSTOMERS, measure_speed

    found = measure_speed(config)
    together = (
        f"{found.turns_per_second:.0f} turns/s with {CUSTOMERS} customers writing without pause: "
        f"half of them answered within {found.median_ms:.0f} ms, 99 % within {found.p99_ms:.0f}"
    )
    start = f"ready after {found.ready_seconds:.1f} s, {found.memory_mb:.0f} MB of memory"
    return [
        Finding("speed", True, together),
        Finding("speed alone", True, f"one customer is answered within {found.alone_ms:.0f} ms"),
        Finding("start", True, start),
    ]


def _desk_answers(config: Config) -> bool:
    """Whether a desk listens at the address: its ``/healthz`` says ok."""
    connection = http.client.HTTPConnection(config.host, config.port, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/healthz")
        said: object = orjson.loads(connection.getresponse().read(MOST_BYTES))
        return said == {"status": "ok"}
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError):
        return False
    finally:
        connection.close()


CHECKS = (
    check_python,
    check_home,
    check_database,
    check_release,
    check_erasures,
    check_webhooks,
    check_encoder,
    check_address,
)
