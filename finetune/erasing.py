"""The command `frontdesk erase`: forgets a customer, in the store and in what was learned.

Thin: the store removes, `finetune.forget` follows in files and releases. Killed at any moment, the
next ``frontdesk erase`` finishes what was begun.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click
from filelock import Timeout

from finetune.forget import Forgotten, forget, remove_marked, standing
from index.errors import ReleaseError
from service.cli import config_of, emit, person
from service.commands.home import open_desk
from service.config import Config
from service.errors import Conflict, NotFound
from service.records.storage import Erasable
from service.store import Store
from service.uploads.shelf import Shelf
from service.uploads.sweeping import remove_gone

NOWHERE_ELSE = "Backups and exports keep what they hold; erase again after a restore."


@click.command()
@click.argument("customer", required=False)
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--status", is_flag=True, help="Say which releases learned from erased messages.")
@click.option("--remove-releases", is_flag=True, help="Remove those releases but the champion.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def erase(
    ctx: click.Context,
    customer: str | None,
    dry_run: bool,
    yes: bool,
    status: bool,
    remove_releases: bool,
    as_json: bool,
) -> None:
    """Forget a customer, models included.

    CUSTOMER is an e-mail address, an identifier, a customer's id (cus_…), or a conversation's id
    (cnv_…). Without one, an erasure that was interrupted is finished, and the releases are gone
    through again.
    """
    if status and (customer or dry_run or remove_releases):
        raise click.UsageError("--status goes alone.")
    if dry_run and not customer:
        raise click.UsageError("--dry-run needs a CUSTOMER.")
    config = config_of(ctx)
    store = open_desk(config)
    ctx.call_on_close(store.close)
    found = _find(store, customer) if customer else None
    report: dict[str, Any] = {"dry_run": dry_run}
    lines = _found_lines(found, dry_run)
    if found:
        report |= {"counts": dict(found.counts), "same_email": found.same_email}
    if not (dry_run or status):
        if found or remove_releases:
            _confirm(yes, lines, remove_releases)
        if found and customer:
            erasure = store.erase(customer, person())
            report |= {"erasure": erasure.id, "counts": dict(erasure.counts)}
            lines = [_sum_up("Erased", erasure.counts)]
        done = _finish(store, config)
        removed = remove_marked(config) if remove_releases else []
        report |= {**asdict(done), "removed_releases": removed}
        lines += _done_lines(done, removed)
    report |= standing(config.releases)
    report["erasures"] = [asdict(erasure) for erasure in store.erasures()]
    lines += _standing_lines(report)
    if found and not dry_run:
        lines.append(NOWHERE_ELSE)
    emit(as_json, report, "\n".join(lines))


def _find(store: Store, customer: str) -> Erasable | None:
    """What there is of a customer; None for nobody when an interrupted erasure may be theirs."""
    try:
        return store.erasable(customer)
    except NotFound:
        if all(erasure.finished_at for erasure in store.erasures()):
            raise
        return None


def _finish(store: Store, config: Config) -> Forgotten:
    """The rest of every erasure that is not finished; nothing where there is none."""
    try:
        remove_gone(store, Shelf(config.files))
        if any(erasure.finished_at is None for erasure in store.erasures()):
            store.wipe()
        return forget(store, config)
    except (ReleaseError, Timeout, OSError) as error:
        raise Conflict(f"The rows are erased, but not all files are: {error}") from None


def _confirm(yes: bool, lines: Sequence[str], remove_releases: bool) -> None:
    if yes:
        return
    more = ["Releases that learned from erased messages go, too."] if remove_releases else []
    for line in (*lines, *more):
        click.echo(line, err=True)
    click.confirm("This cannot be undone. Go on?", abort=True, err=True)


def _sum_up(what: str, counts: Mapping[str, int]) -> str:
    return f"{what}: {', '.join(f'{n} {name}' for name, n in counts.items() if n)}."


def _found_lines(found: Erasable | None, dry_run: bool) -> list[str]:
    if found is None:
        return []
    lines = [_sum_up("Would be erased" if dry_run else "To be erased", found.counts)]
    if found.same_email:
        lines.append(
            f"Customers under the same e-mail address that stay: {found.same_email}. "
            "Give the address to erase them all."
        )
    return lines


def _done_lines(done: Forgotten, removed: Sequence[str]) -> list[str]:
    lines = [f"Learned from what was erased: {name}" for name in done.learned]
    lines += [f"Quotes it no more: {name}" for name in done.rewritten]
    lines += [f"Removed: {name}" for name in removed]
    if done.removed:
        lines.append(f"Interrupted trainings removed: {done.removed}")
    return lines


def _standing_lines(report: Mapping[str, Any]) -> list[str]:
    lines = []
    for mark in report["marked"]:
        count = "an unknown number of" if mark["texts"] is None else mark["texts"]
        lines.append(f"{mark['release']} learned from erased messages ({count}).")
    if not report["marked"]:
        lines.append("No release learned from erased messages.")
    elif report["clean"]:
        lines.append(
            f"{report['champion']}, a clean one, serves since {report['replaced_at']}. "
            "Remove the others: frontdesk erase --remove-releases"
        )
    else:
        lines.append("Replace the champion by a clean one: frontdesk train")
    if any(erasure["finished_at"] is None for erasure in report["erasures"]):
        lines.append("An erasure was interrupted. Finish it: frontdesk erase")
    return lines
