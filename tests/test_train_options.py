"""`frontdesk train` with folds, search, curve and logs from the outside."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import finetune.train_options as options_module
from drafts import draft
from finetune.cli import train
from finetune.recipe import read_recipe
from index.champion import champion, list_releases
from service.config import Config
from service.errors import Conflict, ContentError
from service.records.content import Content, Example, Intent
from service.store import open_store
from tiny import HELP, make_encoder, make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Options for a quick training on a few rows."""
    encoder = make_encoder(tmp_path / "encoder")
    recipe, rows = tmp_path / "recipe.json", tmp_path / "rows.jsonl"
    recipe.write_text(json.dumps(tiny_recipe(encoder, epochs=2).to_json()))
    lines = [{"text": row.text, "intent": row.intent} for row in make_rows() if row.intent]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return ["--data", str(rows), "--recipe", str(recipe)]


def call(config: Config, *arguments: object) -> Result:
    texts = [str(argument) for argument in arguments]
    return CliRunner().invoke(train, texts, obj=config, help_option_names=HELP)


def test_search_makes_a_champion_with_the_best_recipe_and_a_curve(
    config: Config, files: list[str], tmp_path: Path
) -> None:
    log = ["--log", "tensorboard", "--log-to", tmp_path / "logs"]
    result = call(config, *files, "--search", 2, "--curve", *log, "--json")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    search = made["metrics"]["search"]
    assert "trial 2: " in result.stderr
    assert [trial["number"] for trial in search["trials"]] == [0, 1]
    assert search["score"] >= search["given"]
    assert champion(config.releases) == made["release"]
    release = Path(made["path"])
    recipe = json.loads((release / "recipe.json").read_text())
    assert read_recipe(Path(made["recipe"])).to_json() == recipe
    assert Path(made["recipe"]).parent == config.home / "studies"
    page = (release / "report.html").read_text()
    assert "Trials of the search" in page
    assert "What more rows bring" in page
    runs = [folder.name.partition("-")[2] for folder in (tmp_path / "logs").iterdir()]
    assert sorted(runs) == ["release", "trial-1", "trial-2"]

    again = call(config, *files, "--search", 2)
    assert again.exit_code == 0, again.output
    assert "trial 2: " not in again.stderr
    assert "2 trials, judged by" in again.stdout
    assert "What more rows bring" not in again.stdout


def test_folds_make_no_release_and_log_into_the_home(config: Config, files: list[str]) -> None:
    result = call(config, *files, "--folds", 2, "--log", "tensorboard")
    assert result.exit_code == 0, result.output
    assert "Intent accuracy" in result.stdout
    assert "deviation" in result.stdout
    assert list_releases(config.releases) == []
    assert len(list((config.home / "tracking" / "tensorboard").iterdir())) == 2

    result = call(config, *files, "--folds", 2, "--json")
    found = json.loads(result.stdout)
    assert found["folds"] == len(found["each"]) == 2


def test_student_has_half_the_layers_and_reads_what_customers_wrote(
    config: Config, files: list[str], tmp_path: Path
) -> None:
    store = open_store(config)
    names = {row.intent for row in make_rows() if row.intent} - {"out_of_scope"}
    store.replace_content(Content(intents=tuple(Intent(n, "g", n.title()) for n in names)))
    store.add_examples([Example("", row.text, row.intent) for row in make_rows() if row.intent])
    conversation, _ = store.create_conversation()
    store.record_turn(draft(conversation.id, text="quite another thing"))
    store.close()
    result = call(config, *files[2:], "--distil", "--json")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert made["metrics"]["distil"]["layers"] == [0]
    assert made["metrics"]["distil"]["messages"] == 1
    recipe = Path(made["path"]) / "recipe.json"
    assert json.loads(recipe.read_text())["distil_layers"] == 1

    again = ["--data", files[1], "--recipe", recipe, "--out", tmp_path / "again"]
    result = call(config, *again, "--json")
    assert result.exit_code == 0, result.output
    distil = json.loads(result.stdout)["metrics"]["distil"]
    assert (distil["layers"], distil["messages"]) == ([0], 0)

    result = call(config, *files, "--distil", 2)
    assert isinstance(result.exception, ContentError)
    assert "encoder's 2, not 2" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--folds", "3", "--out", "new"], "makes no release"),
        (["--folds", "3", "--search", "2"], "makes no release"),
        (["--folds", "3", "--curve"], "makes no release"),
        (["--folds", "1"], "not in the range"),
        (["--search", "0"], "not in the range"),
        (["--search-minutes", "5"], "needs --search"),
        (["--log-to", "logs"], "needs --log"),
        (["--log", "tensorboard", "--log-to", "http://tracking"], "into a folder"),
        (["--log", "paper"], "'paper' is not one of"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    config: Config, arguments: list[str], words: str
) -> None:
    result = call(config, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not config.home.exists()


def test_search_says_what_to_install(
    config: Config, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options_module, "find_spec", lambda name: None)
    result = call(config, *files, "--search", 2)
    assert isinstance(result.exception, Conflict)
    assert "pip install 'frontdesk[search]'" in str(result.exception)


def test_full_folder_is_refused_before_the_search(
    config: Config, files: list[str], tmp_path: Path
) -> None:
    result = call(config, *files, "--search", 2, "--out", tmp_path)
    assert isinstance(result.exception, Conflict)
    assert not (config.home / "studies").exists()
