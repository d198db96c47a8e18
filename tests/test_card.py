"""The model card: read by the hub's own parser, the figures of the metrics, and no messages."""

import yaml
from huggingface_hub import ModelCard

from finetune.card import render_card
from finetune.charts import percent
from finetune.recipe import Recipe
from made_readings import make_metrics, make_release
from test_page import degenerate


def test_the_hub_reads_the_card() -> None:
    metrics = make_metrics()
    card = ModelCard(render_card(make_release(metrics), Recipe()))
    assert card.data.base_model == "tiny/encoder"
    assert card.data.eval_results is not None
    values = {result.metric_name: result.metric_value for result in card.data.eval_results}
    assert values["Intent classification: accuracy"] == round(metrics["intent"]["accuracy"], 4)


def test_the_card_says_what_it_is_and_how_good() -> None:
    metrics = make_metrics()
    text = render_card(make_release(metrics), Recipe())
    for part in ("What it is for", "Data", "Encoder and recipe", "How good it is", "Limits"):
        assert f"\n## {part}\n" in text
    assert "d" * 64 in text
    assert "700, 200, 70" in text
    assert percent(metrics["promise"]["precision"]) in text
    assert f"{metrics['sentiment']['macro_f1']:.3f}" in text
    assert "cancel\\_order" in text


def test_no_message_stands_in_the_card() -> None:
    text = render_card(make_release(make_metrics()), Recipe())
    assert "message 1" not in text
    assert "script" not in text
    assert "twice" not in text


def test_a_folder_of_this_machine_is_not_told() -> None:
    text = render_card(make_release(make_metrics()), Recipe(encoder="/home/anna/secret/encoder"))
    assert "/home/anna" not in text


def test_cards_of_degenerate_metrics_are_whole() -> None:
    for metrics in degenerate().values():
        text = render_card(make_release({"rows": 0, **metrics}), Recipe())
        assert yaml.safe_load(text.split("---")[1])["library_name"] == "frontdesk"
