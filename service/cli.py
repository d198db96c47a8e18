"""The command line: one group; every command is loaded when it is called.

``frontdesk --home DIR COMMAND``. Reports go to stdout, with ``--json`` as one JSON object; logs,
progress and errors to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the gate said no.
"""

import getpass
import importlib
import os
import re
import sys
from typing import Any

import click
import orjson

from index.errors import ReleaseError
from service.audit import Actor, act_as
from service.config import Config, load_config
from service.errors import ConfigError, DeskError
from service.swap import sharing

# A terminal obeys these, and customers' words are among what commands tell.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
COMMANDS = {
    "backup": "service.commands.backup:backup",
    "chat": "service.commands.talking:chat",
    "deliver": "service.commands.delivering:deliver",
    "doctor": "service.commands.doctor:doctor",
    "erase": "finetune.erasing:erase",
    "evaluate": "finetune.cli:evaluate",
    "export": "service.commands.transfer:export_content",
    "import": "service.commands.transfer:import_content",
    "init": "service.commands.home:init",
    "lint": "finetune.cli:lint",
    "operator": "service.commands.operators:operator",
    "read": "service.commands.talking:read",
    "releases": "service.commands.releases:releases",
    "retrain": "finetune.cli_retrain:retrain",
    "restore": "service.commands.backup:restore",
    "replay": "service.commands.replaying:replay_conversations",
    "review": "service.commands.reviewing:review",
    "run": "service.commands.serving:run",
    "serve": "service.commands.serving:serve",
    "train": "finetune.cli:train",
    "watch": "service.commands.watching:watch",
}


def load_named(name: str) -> Any:
    """What ``module:attribute`` names; how the service reaches another room's commands."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, so that ``--help`` loads no model."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = load_named(COMMANDS[cmd_name])
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [(name, c.get_short_help_str(80)) for name, c in commands.items() if c]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", type=click.Path(file_okay=False), help="Folder of the desk's data.")
@click.version_option(package_name="frontdesk", prog_name="frontdesk")
@click.pass_context
def cli(ctx: click.Context, home: str | None) -> None:
    """A self-hosted customer-service desk.

    Settings come from FRONTDESK_… variables; see docs/settings.md.
    """
    ctx.obj = config = load_config(os.environ, home=home)
    act_as(Actor(None, f"{person()} at the command line", "machine"))
    if ctx.invoked_subcommand != "restore":  # which wants the home alone
        ctx.with_resource(sharing(config.home))


def person() -> str:
    """Who runs the command, by the name that the machine has for them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have no names
        return f"uid {os.getuid()}"


def emit(as_json: bool, value: dict[str, Any], text: str) -> None:
    """A command's report: one JSON object, or text for people."""
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
        sys.stdout.buffer.flush()
    else:
        click.echo(CONTROL.sub("�", text))


def config_of(ctx: click.Context) -> Config:
    """The configuration that the group loaded."""
    config = ctx.find_object(Config)
    if config is None:
        raise ConfigError("The command was called without its group.")
    return config


def main() -> None:
    """The entry point; turns the desk's errors into messages and exit codes."""
    try:
        cli.main(prog_name="frontdesk", standalone_mode=True)
    except ConfigError as error:
        click.echo(f"frontdesk: {error.message}", err=True)
        sys.exit(2)
    except (DeskError, ReleaseError) as error:
        click.echo(f"frontdesk: {error}", err=True)
        sys.exit(1)
