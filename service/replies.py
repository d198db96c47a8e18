"""From a template and the facts at hand to the text of a reply.

Called by the desk and by the operators' suggestions. The desk never prints a missing slot: a
template that needs a fact which is not there renders to nothing, and the caller decides what then.
"""

import re
from collections.abc import Mapping

from service.records.content import Template
from service.records.settings import DeskSettings

VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")

DEFAULT_REPLIES: Mapping[str, tuple[str, ...]] = {
    "welcome": ("Hello! How can we help?",),
    "clarify": ("I want to be sure that I get this right. Did you mean one of these?",),
    "clarify_open": ("I am not sure that I understood. Could you say it in other words?",),
    "out_of_scope": ("I am afraid that is not something I can help with here.",),
    "handoff": ("I am passing this to a colleague, who will answer you here.",),
    "handoff_upset": ("I am sorry. I am passing this to a colleague, who will answer you here.",),
    "unavailable": ("Your message is safe with us. A person will read it and answer you here.",),
    "only_files": ("Thank you. A colleague will look at this and answer you here.",),
    "returned": ("Our assistant is back with you. What else can we do?",),
    "resolved": ("We have closed this conversation. Write again at any time.",),
}
TALK_TO_A_PERSON = "Talk to a person"


def variables(text: str) -> tuple[str, ...]:
    """The names of the variables in a template's text, in order, without repetition."""
    return tuple(dict.fromkeys(VARIABLE.findall(text)))


def render(text: str, facts: Mapping[str, str]) -> str | None:
    """The text with every variable filled; None when a fact is missing or empty."""
    if any(not facts.get(name) for name in variables(text)):
        return None
    return VARIABLE.sub(lambda match: facts[match.group(1)], text).strip()


def fill_in(text: str, facts: Mapping[str, str]) -> str:
    """The text with what is known filled in; a variable without a fact stays, for a person."""
    return VARIABLE.sub(lambda match: facts.get(match.group(1)) or match.group(), text).strip()


def choose_template(
    templates: tuple[Template, ...], sentiment: str | None, order: Mapping[str, float]
) -> Template | None:
    """The template for a customer of this mood: its variant, else the plain one.

    Among several, the one with the highest score in ``order`` (template name to relevance) wins.
    """
    for mood in (sentiment, None):
        fitting = [t for t in templates if t.sentiment == mood]
        if fitting:
            return max(fitting, key=lambda t: order.get(t.name, 0.0))
    return None


def desk_reply(settings: DeskSettings, name: str, turn: int = 0) -> str:
    """What the desk says by itself; ``turn`` rotates through the variants."""
    variants = settings.replies.get(name) or DEFAULT_REPLIES[name]
    rendered = [text for text in (render(v, settings.facts) for v in variants) if text]
    return (rendered or list(DEFAULT_REPLIES[name]))[turn % max(1, len(rendered))]
