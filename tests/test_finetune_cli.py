"""`frontdesk train` and `frontdesk evaluate` from the outside."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from finetune.cli import ProgressBar, evaluate, train
from finetune.rows import Row
from finetune.run import train_release
from index.champion import champion, list_releases
from index.release import load_release
from index.vectors import VectorCache
from service.config import Config
from service.engine import index_entries
from service.errors import ConfigError, Conflict, ContentError, NotFound
from service.records.content import Content, Example, Intent
from service.store import open_store
from tiny import HELP, make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def recipe_file(encoder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(tiny_recipe(encoder, epochs=3).to_json()))
    return path


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(as_json(row)) + "\n" for row in make_rows()))
    return path


def as_json(row: Row) -> dict[str, object]:
    spans = [{"start": s.start, "end": s.end, "label": s.label} for s in row.entities or ()]
    fields = {"text": row.text, "intent": row.intent, "sentiment": row.sentiment}
    return {**fields, "entities": spans} if row.entities else fields


def call(command: object, config: Config, *arguments: object) -> Result:
    texts = [str(argument) for argument in arguments]
    return CliRunner().invoke(command, texts, obj=config, help_option_names=HELP)  # type: ignore[arg-type]


def test_data_and_out_need_no_home(
    config: Config, tmp_path: Path, data_file: Path, recipe_file: Path
) -> None:
    out = tmp_path / "new" / "release"
    result = call(
        train,
        config,
        "--data",
        data_file,
        "--recipe",
        recipe_file,
        "--out",
        out,
        "--seed",
        3,
        "--json",
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["release"] == load_release(out).id
    assert report["champion"] is False
    assert report["metrics"]["measured_on"] == "test"
    assert json.loads((out / "recipe.json").read_text())["seed"] == 3
    assert not config.home.exists()

    result = call(evaluate, config, "--data", data_file, "--release", out, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"] == len(make_rows())


def test_interrupted_command_goes_on_unless_it_is_to_start_anew(
    config: Config,
    tmp_path: Path,
    data_file: Path,
    recipe_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(bar: ProgressBar, stage: str, done: int, whole: int) -> None:
        if stage.startswith("epoch") and done == 3:
            raise KeyboardInterrupt

    monkeypatch.setitem(train_release.__kwdefaults__, "checkpoint_seconds", 0.0)  # type: ignore[arg-type]
    out = tmp_path / "new" / "release"
    arguments = ["--data", data_file, "--recipe", recipe_file, "--out", out]
    for extra, said in (([], True), (["--fresh"], False)):
        with monkeypatch.context() as patch:
            patch.setattr(ProgressBar, "__call__", stop)
            assert call(train, config, *arguments).exit_code == 1
        result = call(train, config, *arguments, *extra)
        assert result.exit_code == 0, result.output
        assert ("Going on with an interrupted training after step 3" in result.stderr) == said
        assert [path.name for path in out.parent.iterdir()] == ["release"]
        shutil.rmtree(out)


def test_desk_trains_on_its_content_and_promotes(
    config: Config, data_file: Path, recipe_file: Path
) -> None:
    examples = [
        Example("", row.text, row.intent, row.sentiment, source="correction" if n % 2 else "import")
        for n, row in enumerate(make_rows())
    ]
    store = open_store(config)
    intents = ("track_order", "cancel_order", "greeting")
    store.replace_content(Content(intents=tuple(Intent(n, "g", n.title()) for n in intents)))
    store.add_examples(examples)
    found = {entry.text for entry in index_entries(store.content())}
    store.close()
    result = call(train, config, "--recipe", recipe_file)
    assert result.exit_code == 0, result.output
    (manifest,) = list_releases(config.releases)
    assert champion(config.releases) == manifest.id
    (ready,) = config.cache.glob(f"{manifest.id}.*")  # a running server finds the vectors made
    assert len(VectorCache(ready).rows) == len(found) > 0
    assert manifest.id in result.stdout
    assert "intent accuracy" in result.stdout

    result = call(train, config, "--recipe", recipe_file, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["metrics"]["changes"]["against"] == manifest.id
    assert report["metrics"]["changes"]["set_aside"] == 0
    assert manifest.id in Path(report["report"]).read_text()

    page = config.home / "page.html"
    arguments = ["--data", data_file, "--html", page, "--against", manifest.id]
    result = call(evaluate, config, *arguments)
    assert result.exit_code == 0, result.output
    assert str(page) in result.stdout
    assert report["release"] in page.read_text()
    result = call(evaluate, config, "--data", data_file, "--html", config.home / "no" / "page.html")
    assert isinstance(result.exception, NotFound)

    for release in ([], ["--release", manifest.id]):
        result = call(evaluate, config, "--data", data_file, *release, "--json")
        expected = manifest.id if release else report["release"]
        assert json.loads(result.stdout)["release"] == expected


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ('{"text": 1}\n', ContentError, "rows.jsonl:1: 'text'"),
        ('{"text": "hi"}\n', ContentError, "nothing to train on"),
        ("", ContentError, "holds no rows"),
    ],
)
def test_bad_rows_change_nothing(
    config: Config,
    data_file: Path,
    recipe_file: Path,
    content: str,
    error: type[Exception],
    message: str,
) -> None:
    data_file.write_text(content)
    result = call(train, config, "--data", data_file, "--recipe", recipe_file)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert champion(config.releases) is None
    assert list_releases(config.releases) == []


def test_desk_without_examples_is_told_what_to_do(config: Config) -> None:
    result = call(train, config)
    assert isinstance(result.exception, ContentError)
    assert "frontdesk init" in str(result.exception)


def test_full_folder_is_refused(
    config: Config, tmp_path: Path, data_file: Path, recipe_file: Path
) -> None:
    result = call(train, config, "--data", data_file, "--recipe", recipe_file, "--out", tmp_path)
    assert isinstance(result.exception, Conflict)


def test_missing_release_is_named(config: Config, data_file: Path) -> None:
    result = call(evaluate, config, "--data", data_file, "--release", "rel_none")
    assert isinstance(result.exception, NotFound)
    assert "rel_none" in str(result.exception)
    result = call(evaluate, config, "--data", data_file)
    assert isinstance(result.exception, NotFound)
    assert "frontdesk train" in str(result.exception)


def test_evaluate_needs_rows(config: Config) -> None:
    assert call(evaluate, config).exit_code == 2


def test_command_without_its_group_is_a_configuration_error() -> None:
    result = CliRunner().invoke(train, [], help_option_names=HELP)
    assert isinstance(result.exception, ConfigError)
