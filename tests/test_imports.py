"""The import law: finetune -> service -> index; models only behind the engine, only when used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.application.use_cases import lint_imports

ROOT = Path(__file__).parent.parent
MODELS = (
    "torch",
    "transformers",
    "faiss",
    "sentence_transformers",
    "tokenizers",
    "safetensors",
)
SLOW = ("dateparser", "dateutil", "phonenumbers", "stdnum")  # for texts that need them

LOADED = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[2:]))))
"""


def loaded_by(modules: list[str], watched: tuple[str, ...] = MODELS) -> list[str]:
    """Which of ``watched`` a fresh interpreter has loaded after importing the modules."""
    command = [sys.executable, "-c", LOADED, json.dumps(modules), *watched]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def modules_of(*folders: str) -> list[str]:
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for folder in folders
        for path in (ROOT / folder).glob("*.py")
    )


def test_contracts_are_kept(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    kept = lint_imports(cache_dir=None)
    assert kept, capfd.readouterr().out


def test_contracts_name_what_the_design_forbids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    contracts = read_configuration()["contracts_options"]
    forbidden = {name for c in contracts for name in c.get("forbidden_modules", ())}
    assert {"torch", "transformers", "faiss", "sentence_transformers"} <= forbidden
    assert {"flask", "sqlite_utils", "index.reader", "index.search"} <= forbidden
    assert [c["layers"] for c in contracts if c["type"] == "layers"] == [
        ["finetune", "service", "index"]
    ]


def test_the_service_loads_no_model() -> None:
    """A web worker that talks to a model in another process imports none of the libraries."""
    modules = [
        m
        for m in modules_of(
            "service",
            "service/records",
            "service/contract",
            "service/web",
            "service/web/inputs",
            "service/web/responses",
            "service/web/shapes",
            "service/sqlite",
            "service/sqlite/migrations",
            "service/commands",
            "service/transfer",
            "service/history",
        )
        if m != "service.__main__"
    ]
    assert {"service.app", "service.cli", "service.engine", "service.web.api"} <= set(modules)
    assert loaded_by(modules) == []


def test_the_watch_sees_a_model() -> None:
    """The test above could not fail if this one did."""
    assert loaded_by(["index.search"], ("faiss", "torch")) == ["faiss"]


def test_the_library_knows_no_http_and_no_storage() -> None:
    light = [
        m
        for m in modules_of("index")
        if m
        in (
            "index",
            "index.records",
            "index.errors",
            "index.champion",
            "index.release",
            "index.calibration",
            "index.recognisers",
            "index.kinds",
            "index.masking",
            "index.dates",
            "index.date_words",
            "index.money",
            "index.locales",
        )
    ]
    assert len(light) == 13
    watched = ("flask", "werkzeug", "sqlite3", "sqlite_utils", "pydantic", *MODELS, *SLOW)
    assert loaded_by(light, watched) == []


def test_package_init_files_hold_a_docstring_only() -> None:
    for room in ("index", "service", "finetune"):
        for path in (ROOT / room).rglob("__init__.py"):
            source = path.read_text(encoding="utf-8").strip()
            assert source.startswith('"""'), path
            assert source.count('"""') == 2, path
            assert source.endswith('"""'), path
