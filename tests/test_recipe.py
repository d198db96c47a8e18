"""Recipes are read from YAML and JSON; a bad field is named."""

from pathlib import Path

import pytest

from finetune.recipe import Recipe, read_recipe
from service.errors import ContentError


def test_yaml_and_json_fill_up_with_defaults(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text("epochs: 3\nlearning_rate: 1\n")
    (tmp_path / "r.json").write_text('{"seed": 7}')
    (tmp_path / "empty.yml").write_text("")
    assert read_recipe(tmp_path / "r.yml") == Recipe(epochs=3, learning_rate=1.0)
    assert read_recipe(tmp_path / "r.json") == Recipe(seed=7)
    assert read_recipe(tmp_path / "empty.yml") == Recipe()


def test_recipe_survives_a_round_trip() -> None:
    recipe = Recipe(epochs=2, freeze_words=False, precision="fp32")
    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch: 3", "unknown field 'epoch'"),
        ("epochs: many", "'epochs' must be a whole number"),
        ("epochs: 2.5", "'epochs' must be a whole number"),
        ("epochs: true", "'epochs' must be a whole number"),
        ("epochs: 0", "'epochs' must be from 1"),
        ("learning_rate: fast", "'learning_rate' must be a number"),
        ("learning_rate: .nan", "'learning_rate' must be from 0"),
        ("precision: int4", "'precision' must be one of"),
        ("encoder: ''", "'encoder' must not be empty"),
        ("freeze_words: 1", "'freeze_words' must be true or false"),
        ("- epochs", "must be a mapping"),
        ("epochs: [", "not a valid recipe file"),
        ("\x00", "not a valid recipe file"),
    ],
)
def test_bad_recipe_names_file_and_field(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "recipe.yml"
    path.write_text(text)
    with pytest.raises(ContentError, match=message) as caught:
        read_recipe(path)
    assert str(path) in caught.value.message


def test_missing_recipe_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="cannot be read"):
        read_recipe(tmp_path / "none.yml")


def test_few_rows_take_more_epochs_and_many_are_bounded() -> None:
    recipe = Recipe(epochs=4, batch_size=10, min_steps=100, max_steps=500)
    assert recipe.plan(1000) == (4, 400)
    assert recipe.plan(100) == (10, 100)
    assert recipe.plan(5) == (40, 40)
    assert recipe.plan(10_000) == (4, 500)
