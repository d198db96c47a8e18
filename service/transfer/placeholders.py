"""Variables of other systems in a reply's text, as the desk's own where it has one.

``{{ticket.requester.first_name}}`` and ``{{contact.name}}`` are Liquid, as Zendesk and Chatwoot
print it, ``{name}`` a Rasa slot. A name that only addresses somebody is left out of the text; any
other unknown variable stays as ``{a_name}``, which the desk never sends without a value.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from service.transfer.pieces import Note, name_from

LIQUID = re.compile(r"\{\{([^{}]*)\}\}")
TRIMS = " \t\r\n-"  # Liquid's {{- and -}} take the blanks around away
LOGIC = re.compile(r"\{%")
RASA = re.compile(r"\{([A-Za-z_][\w .-]*)\}")
CUSTOMER = ("requester", "contact", "customer", "user", "end_user", "visitor")
OWN_FIELDS = ("custom", "custom_attribute", "custom_attributes", "custom_fields", "dc")
NAMES = ("name", "first_name", "last_name", "full_name", "firstname", "lastname")
# "Hi NAME," and "Kind regards,⏎NAME": what is left without the name still is a sentence, which
# "My name is NAME, and" and "You are NAME." are not.
ADDRESS_BEFORE = re.compile(r"(?:^|\n)[^\n{}.!?]{0,30}$")
ADDRESS_AFTER = re.compile(r"[ \t]*(?:[,!:;]|\n|$)")
SIGNED_BEFORE = re.compile(r"(?:^|\n|,)[ \t]*$")
SIGNED_AFTER = re.compile(r"[ \t]*(?:\n|$)")
PAUSE = re.compile(r"[ \t]*[,!:;]")


def has_logic(text: str) -> bool:
    """Whether the text is a program: Liquid with tags."""
    return bool(LOGIC.search(text))


@dataclass(frozen=True, slots=True)
class Adapted:
    """A text with the desk's variables, and what is to be told of the others."""

    text: str
    notes: tuple[Note, ...]
    lost: tuple[Note, ...]


def adapt(
    text: str,
    known: Collection[str],
    what: str,
    where: str,
    pattern: re.Pattern[str] = LIQUID,
) -> Adapted:
    """The text of ``what`` with the variables that the desk knows in the place of its own."""
    made, last = "", 0
    notes: list[Note] = []
    lost: list[Note] = []
    for match in pattern.finditer(text):
        made += text[last : match.start()]
        last = match.end()
        path, _, filters = (part.strip() for part in match.group(1).strip(TRIMS).partition("|"))
        name = next((c for c in _candidates(path) if c in known), None)
        if name is not None:
            made += f"{{{name}}}"
            if filters:
                why = f"{{{name}}} is printed as it is"
                lost.append(Note(f"filter of {match.group()} in {what}", where, why))
        elif _addresses(path, made, text[last:]):
            made = made.rstrip(" \t")
            if pause := PAUSE.match(text, last):  # of "NAME, your" nothing, of "Thanks, NAME!" one
                last = pause.end() if not made or made.endswith("\n") else last
                made = made.removesuffix(",")
            why = "the desk has no such variable; it is left out of the text"
            lost.append(Note(f"{match.group()} in {what}", where, why))
        else:
            unknown = name_from(path.replace(".", " "), "variable")
            made += f"{{{unknown}}}"
            if match.group() != f"{{{unknown}}}":
                notes.append(Note(f"{match.group()} in {what}", where, f"is {{{unknown}}} here"))
    made += text[last:]
    return Adapted(made.strip() if lost else made, tuple(notes), tuple(lost))


def _candidates(path: str) -> Iterator[str]:
    """Names by which a desk may know it: the whole, without "ticket", and a customer's field."""
    parts = [name_from(part, "variable") for part in path.split(".") if part]
    yield "_".join(parts)
    if parts[:1] == ["ticket"]:
        parts = parts[1:]
        yield "_".join(parts)
    if len(parts) == 2 and parts[0] in CUSTOMER:
        yield f"customer_{parts[1]}"
        yield parts[1]
    if len(parts) > 1 and parts[-2] in OWN_FIELDS:
        yield parts[-1]


def _addresses(path: str, before: str, after: str) -> bool:
    """Whether the variable is a customer's name in an address, or another one's as a signature."""
    *owners, name = (name_from(part, "variable") for part in path.split("."))
    if name not in NAMES:
        return False
    before = before[-32:]  # more than an address is long
    if not owners or owners[-1] in CUSTOMER:
        return bool(ADDRESS_BEFORE.search(before) and ADDRESS_AFTER.match(after))
    return bool(SIGNED_BEFORE.search(before) and SIGNED_AFTER.match(after))
