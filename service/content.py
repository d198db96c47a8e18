"""A desk's content as a folder of files that people edit: YAML, Markdown and JSONL.

Called by ``frontdesk init`` and ``import desk``. Reads everything before anything is changed, and
names file and line of what is wrong. Never touches the store.

    desk.yml               name, promise, facts, slots, replies, suggested and protected intents,
                           how soon people reply, and when they work
    intents/<group>.yml    intents with their examples and templates
    articles/<id>.md       help articles with YAML front matter
    golden/<group>.jsonl   messages whose intent and action must never break
    examples.jsonl         more examples, each with its intent
    sentiment.jsonl        messages labelled with a sentiment only
    out_of_scope.jsonl     messages that the desk should not answer
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.locales import check_locale
from index.recognisers import KindRecogniser, PatternRecogniser
from index.records import OUT_OF_SCOPE, SENTIMENTS
from service.content_schema import (
    ArticleFile,
    DeskFile,
    GoldenEntry,
    GroupEntry,
    HoursEntry,
    IntentEntry,
    IntentLineEntry,
    LineEntry,
    SlaEntry,
)
from service.errors import ContentError
from service.files import json_lines, load_yaml, parse, read_text, yaml_value
from service.records.content import Article, Content, Example, GoldenCase, Intent, Template
from service.records.settings import DeskSettings, Hours, Sla, Slot
from service.records.words import ContactForm
from service.replies import DEFAULT_REPLIES, variables
from service.sla import DAYS, check_hours

ANNOTATION = re.compile(r"\[([^\[\]]+)\]\(([a-z][a-z0-9_]*)\)")


def read_desk(folder: Path, form: ContactForm = "away") -> Content:
    """The content of a folder; ``form`` stands where an older one says nothing of it.

    Raises ``ContentError`` naming the file, and the line or field, of the first mistake; also for
    what only shows across files: doubled names, unknown intents, slots and variables.
    """
    if not (folder / "desk.yml").is_file():
        raise ContentError(f"{folder} is not a desk folder: it has no desk.yml.")
    desk = parse(DeskFile, load_yaml(folder / "desk.yml"), folder / "desk.yml")
    intents: list[Intent] = []
    templates: list[Template] = []
    examples: list[Example] = []
    for path in sorted((folder / "intents").glob("*.y*ml")):
        group = parse(GroupEntry, load_yaml(path), path)
        for entry in group.intents:
            intents.append(_intent(group.group, entry))
            templates += [
                Template(t.name, entry.name, t.text, t.sentiment) for t in entry.templates
            ]
            examples += [_example(e, entry.name) for e in entry.examples]
    for path, number, row in json_lines(folder / "examples.jsonl"):
        line = parse(IntentLineEntry, row, path, number)
        examples.append(_example(line, line.intent))
    for name, intent in (("sentiment.jsonl", None), (f"{OUT_OF_SCOPE}.jsonl", OUT_OF_SCOPE)):
        for path, number, row in json_lines(folder / name):
            examples.append(_example(parse(LineEntry, row, path, number), intent))
    golden = [
        GoldenCase(**parse(GoldenEntry, row, path, number).model_dump())
        for source in sorted((folder / "golden").glob("*.jsonl"))
        for path, number, row in json_lines(source)
    ]
    content = Content(
        settings=_settings(desk, form),
        intents=tuple(intents),
        templates=tuple(templates),
        examples=tuple(examples),
        articles=tuple(_read_article(p) for p in sorted((folder / "articles").glob("*.md"))),
        golden=tuple(golden),
    )
    check(content, str(folder))
    return content


def check(content: Content, where: str) -> None:
    """Raise ``ContentError`` for what does not fit together across the content's parts.

    Called wherever content is read or written. An example that a correction made may outlive its
    intent.
    """
    names = [intent.name for intent in content.intents]
    known = {*names, OUT_OF_SCOPE}
    slots = {slot.name for slot in content.settings.slots}

    def wrong(message: str) -> ContentError:
        return ContentError(f"{where}: {message}")

    named = (
        ("intent", names),
        ("template", [template.name for template in content.templates]),
        ("slot", [slot.name for slot in content.settings.slots]),
        ("article", [article.id for article in content.articles]),
        ("example", [example.id for example in content.examples if example.id]),
    )
    for kind, seen in named:
        name, count = next(iter(Counter(seen).most_common(1)), ("", 0))
        if count > 1:
            raise wrong(f"{kind} {name!r} is defined twice.")
    if OUT_OF_SCOPE in names:
        raise wrong(f"{OUT_OF_SCOPE!r} is reserved; put such messages in {OUT_OF_SCOPE}.jsonl.")
    for slot in content.settings.slots:
        try:
            PatternRecogniser(slot.name, slot.pattern or "", slot.format)
            if slot.kind is not None:
                KindRecogniser(slot.name, slot.kind, content.settings.locale)
        except ValueError as error:
            raise wrong(f"slot {slot.name!r}: {error}.") from None
        if slot.kind is not None and (slot.pattern or slot.format != "{0}"):
            raise wrong(f"slot {slot.name!r}: it has a kind, so it needs no pattern and no format.")
    try:
        check_locale(content.settings.region, content.settings.languages)
        check_hours(content.settings.hours)
    except ValueError as error:
        raise wrong(f"desk.yml: {error}.") from None
    for name in content.settings.replies:
        if name not in DEFAULT_REPLIES:
            raise wrong(
                f"desk.yml: there is no reply {name!r}; known: {', '.join(DEFAULT_REPLIES)}."
            )
    own = [(f"reply {name!r}", t) for name, ts in content.settings.replies.items() for t in ts]
    own += [(f"slot {s.name!r}", t) for s in content.settings.slots for t in (s.ask, s.ask_again)]
    for what, text in own:
        for name in variables(text):
            if name not in content.settings.facts:
                raise wrong(f"{what} uses {{{name}}}, which is no fact.")
    for intent in content.intents:
        for name in intent.slots:
            if name not in slots:
                raise wrong(f"intent {intent.name!r} needs slot {name!r}, which desk.yml lacks.")
    for template in content.templates:
        if template.intent not in names:
            raise wrong(f"template {template.name!r} answers unknown intent {template.intent!r}.")
        for name in variables(template.text):
            if name not in slots and name not in content.settings.facts:
                raise wrong(f"template {template.name!r} uses unknown variable {{{name}}}.")
    references = [(f"golden case {g.text!r}", g.intent) for g in content.golden]
    references += [(f"article {a.id!r}", name) for a in content.articles for name in a.intents]
    references += [("desk.yml suggested", name) for name in content.settings.suggested]
    references += [("desk.yml protected", name) for name in content.settings.protected]
    references += [
        (f"example {e.text[:60]!r}", e.intent)
        for e in content.examples
        if e.intent is not None and e.source != "correction"
    ]
    for what, name in references:
        if name not in known:
            raise wrong(f"{what} names unknown intent {name!r}.")
    moods = [(f"template {t.name!r}", t.sentiment) for t in content.templates]
    moods += [(f"example {e.text[:60]!r}", e.sentiment) for e in content.examples]
    for what, mood in moods:
        if mood not in (None, *SENTIMENTS):
            raise wrong(f"{what} has the sentiment {mood!r}; known: {', '.join(SENTIMENTS)}.")


def annotated(text: str) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """Plain text and entities of ``does the [Skye jacket](product) run small``."""
    plain, entities, last = "", [], 0
    for match in ANNOTATION.finditer(text):
        plain += text[last : match.start()]
        start = len(plain)
        plain += match.group(1)
        entities.append({"start": start, "end": len(plain), "label": match.group(2)})
        last = match.end()
    return plain + text[last:], tuple(entities)


def annotate(text: str, entities: tuple[Mapping[str, Any], ...] | None) -> str:
    """The inverse of ``annotated``."""
    for entity in sorted(entities or (), key=lambda e: -int(e["start"])):
        start, end = int(entity["start"]), int(entity["end"])
        text = f"{text[:start]}[{text[start:end]}]({entity['label']}){text[end:]}"
    return text


def _intent(group: str, entry: IntentEntry) -> Intent:
    return Intent(
        name=entry.name,
        group=group,
        title=entry.title or entry.name.replace("_", " ").capitalize(),
        description=entry.description,
        slots=tuple(entry.slots),
        action=entry.action,
        priority=entry.priority,
    )


def _example(entry: LineEntry, intent: str | None) -> Example:
    if entry.entities is None:
        text, entities = annotated(entry.text)
    else:  # the text is meant literally
        text, entities = entry.text, tuple(span.model_dump() for span in entry.entities)
    # An intent with no annotation at all teaches the token head nothing, rather than "no entity".
    example = Example("", text, intent, entry.sentiment, entities or None, entry.split)
    return example if entry.weight is None else replace(example, weight=entry.weight)


def _settings(desk: DeskFile, form: ContactForm) -> DeskSettings:
    return DeskSettings(
        name=desk.name,
        language=desk.language,
        region=desk.region,
        languages=tuple(desk.languages),
        promise=desk.promise,
        facts=desk.facts,
        slots=tuple(Slot(**slot.model_dump()) for slot in desk.slots),
        replies={name: tuple(variants) for name, variants in desk.replies.items()},
        suggested=tuple(desk.suggested),
        protected=desk.protected,
        sla=sla_of(desk.sla) if desk.sla else None,
        hours=hours_of(desk.hours) if desk.hours else None,
        contact_form=desk.contact_form or form,
    )


def sla_of(entry: SlaEntry) -> Sla:
    """What a file or a request promises."""
    return Sla(**entry.model_dump())


def hours_of(entry: HoursEntry) -> Hours:
    """When people work; days on which nobody does are left out."""
    days = {day: tuple(getattr(entry, day)) for day in DAYS if getattr(entry, day)}
    return Hours(entry.timezone, days, tuple(entry.closed))


def _read_article(path: Path) -> Article:
    written = read_text(path)
    head, separator, text = written.removeprefix("---\n").partition("\n---\n")
    if not separator or not written.startswith("---\n"):
        raise ContentError(f"{path}: an article starts with front matter between two --- lines.")
    front = parse(ArticleFile, yaml_value(head, path, offset=1), path)
    return Article(path.stem, front.title, text.strip(), tuple(front.intents), front.updated)
