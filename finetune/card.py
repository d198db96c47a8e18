"""The model card of a release: what it is for, what it was made from, how good it is, its limits.

Called when a release is written. Sections follow Mitchell et al. 2019, "Model Cards for Model
Reporting"; the front matter is that of the Hugging Face hub, so that a release folder is a model
repository too. Cards are made to be shared, so no customer's message stands in one.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from finetune.charts import percent
from finetune.headlines import MEASURED, headlines, verdict
from finetune.recipe import Recipe
from finetune.svg import clean_text
from index.release import Release

Metrics = Mapping[str, Any]

FILE = "README.md"
HUB_ID = re.compile(r"[\w-]+(\.[\w-]+)*/[\w-]+(\.[\w-]+)*")
WORST = 10
RESULTS = (
    ("Intent classification", "text-classification", "intent", "accuracy", "accuracy"),
    ("Intent classification", "text-classification", "intent", "macro_f1", "f1"),
    ("Sentiment", "text-classification", "sentiment", "macro_f1", "f1"),
    ("Entities", "token-classification", "entities", "f1", "f1"),
    ("Out-of-scope detection", "text-classification", "out_of_scope", "auroc", "roc_auc"),
)


def write_card(folder: Path, release: Release, recipe: Recipe) -> None:
    """Write ``README.md`` into a release's folder."""
    text = render_card(release, recipe)
    (folder / FILE).write_text(text, encoding="utf-8", errors="replace")


def render_card(release: Release, recipe: Recipe) -> str:
    """The card as Markdown with YAML front matter."""
    metrics, manifest = release.metrics, release.manifest
    front = yaml.safe_dump(_front(release), sort_keys=False, allow_unicode=True, width=100)
    # Markdown, not HTML: `cell` and `word` escape what Markdown would read.
    made = Environment(  # noqa: S701
        loader=PackageLoader("finetune", "pages"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(cell=_cell, percent=percent, number=_number)
    return made.get_template("card.md").render(
        front=front.strip(),
        manifest=manifest,
        encoder=_encoder(manifest.encoder),
        labels=release.labels,
        calibration={n: v for n, v in release.calibration.to_json().items() if n != "thresholds"},
        thresholds=release.calibration.thresholds,
        recipe=recipe.to_json() | {"encoder": _encoder(recipe.encoder)},
        metrics=metrics,
        verdict=verdict(metrics),
        headlines=headlines(metrics),
        worst=_worst(metrics),
        measured=MEASURED.get(str(metrics.get("measured_on")), "rows given"),
    )


def _front(release: Release) -> dict[str, Any]:
    """What the hub reads: https://huggingface.co/docs/hub/model-cards#model-card-metadata"""
    front: dict[str, Any] = {
        "library_name": "frontdesk",
        "pipeline_tag": "text-classification",
        "tags": ["frontdesk", "customer-service", "intent-detection", "sentiment-analysis"],
    }
    if _on_hub(release.manifest.encoder):
        front["base_model"] = release.manifest.encoder
    results = [
        {
            "task": {"type": kind, "name": task},
            "dataset": {"type": "private", "name": f"sha256:{release.manifest.dataset[:16]}"},
            "metrics": [{"type": metric, "name": f"{task}: {name}", "value": round(value, 4)}],
        }
        for task, kind, part, name, metric in RESULTS
        if (value := release.metrics.get(part, {}).get(name)) is not None
    ]
    if results:
        front["model-index"] = [{"name": release.id, "results": results}]
    return front


def _encoder(name: str) -> str:
    """An encoder's name for others: of a folder on this machine only the last part."""
    return name if _on_hub(name) else Path(name).name


def _on_hub(name: str) -> bool:
    """Whether an encoder's name is one of the hub's and not a folder, as `find_encoder` looks."""
    return HUB_ID.fullmatch(name) is not None and not Path(name).is_dir()


def _worst(metrics: Metrics) -> list[tuple[str, Mapping[str, float]]]:
    classes: Mapping[str, Mapping[str, float]] = metrics.get("intent", {}).get("classes", {})
    found = [(label, line) for label, line in classes.items() if line["f1"] < 1]
    return sorted(found, key=lambda pair: (pair[1]["f1"], pair[0]))[:WORST]


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else _cell(value)


def _cell(value: object) -> str:
    """Text that stays text inside a Markdown table."""
    text = " ".join(clean_text(str(value)).split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)
