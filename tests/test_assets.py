"""What browsers load: small, right in every form, fresh when it changes, and only what there is."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask
from werkzeug.datastructures import Accept

from service.web.assets import KEEP, STYLES, VERSION_MARK, Assets, can_be_minified, minified

STATIC = Path(__file__).parent.parent / "service" / "web" / "static"
WIDGET = STATIC / "widget"
SCRIPTS = sorted(STATIC.rglob("*.js"))
SHEETS = sorted(STATIC.rglob("*.css"))
LIMIT = 30_000  # bytes that the widget may take on the line
IMPORT = re.compile(r"""^import [^'"]*['"]\./([\w/.-]+)\.js['"];?$""", re.MULTILINE)
SAID = "gzip, deflate, br, zstd"


def get(app: Flask, path: str, encoding: str = "", **headers: str) -> Any:
    return app.test_client().get(path, headers={"Accept-Encoding": encoding, **headers})


def imported(names: list[str]) -> list[str]:
    """Modules of the widget that these import, and so on; a browser loads all of them."""
    found: list[str] = []
    while names:
        name = names.pop()
        if name not in found:
            found.append(name)
            text = (WIDGET / f"{name}.js").read_text(encoding="utf-8")
            base = Path(name).parent
            names += [os.path.normpath(base / one) for one in IMPORT.findall(text)]
    return found


def modules_of(starter: str) -> str:
    """Where the starter loads modules from."""
    version = re.search(r"const VERSION='(v-[0-9a-f]{12})'", starter)
    assert version, "the starter has no version"
    return f"/static/widget/{version[1]}"


@pytest.mark.parametrize("language", ["en", "ar", "de", "es", "fr", "zh"])
def test_widget_takes_at_most_30_kilobytes_in_any_language(app: Flask, language: str) -> None:
    starter = get(app, "/widget.js")
    folder = modules_of(starter.text)
    names = [*imported(["main"]), f"strings/{language}"]
    paths = ["/widget.js", *(f"{folder}/{name}.js" for name in names)]
    sizes = {path: len(get(app, path, "gzip").data) for path in paths}
    assert sum(sizes.values()) <= LIMIT, sizes
    assert all(get(app, path, "br").content_length < sizes[path] for path in paths)


def test_starter_fetches_every_module_at_once() -> None:
    starter = (STATIC / "widget.js").read_text(encoding="utf-8")
    listed = re.search(r"const MODULES = .([\w /]+).;", starter)
    assert listed
    assert sorted(listed[1].split()) == sorted(imported(["main"]))


@pytest.mark.parametrize(
    "path", ["/widget.js", "/static/console/base.css", "/static/widget/log.js"]
)
def test_each_encoding_says_the_same(app: Flask, path: str) -> None:
    plain = get(app, path)
    assert plain.status_code == 200
    assert "Content-Encoding" not in plain.headers
    for encoding, read in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        response = get(app, path, encoding)
        assert response.headers["Content-Encoding"] == encoding
        assert read(response.data) == plain.data
        assert response.mimetype == plain.mimetype
        assert "Accept-Encoding" in response.headers.getlist("Vary")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        (SAID, "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("deflate", None),
        ("br;q=0, gzip;q=0", None),
        ("", None),
        ("\x7f;;q=x,,", None),
    ],
)
def test_the_client_chooses_the_encoding(app: Flask, accepted: str, encoding: str | None) -> None:
    response = get(app, "/widget.js", accepted)
    assert response.status_code == 200
    assert response.headers.get("Content-Encoding") == encoding


def test_what_a_browser_has_is_not_sent_again(app: Flask) -> None:
    first = get(app, "/static/console/console.js", SAID)
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    again = get(app, "/static/console/console.js", SAID, **{"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag
    assert "Accept-Encoding" in again.headers.getlist("Vary")
    other = get(app, "/static/console/console.js", "gzip", **{"If-None-Match": etag})
    assert other.status_code == 200  # a tag names one form of the file


def test_modules_are_kept_for_good_under_their_version_alone(app: Flask) -> None:
    folder = modules_of(get(app, "/widget.js").text)
    kept = get(app, f"{folder}/main.js")
    assert kept.headers["Cache-Control"] == KEEP
    assert get(app, f"{folder}-2/main.js").headers["Cache-Control"] == KEEP  # another attempt
    plain = get(app, "/static/widget/main.js")
    older = get(app, "/static/widget/v-000000000000/main.js")
    for response in (plain, older):
        assert response.data == kept.data
        assert response.headers["Cache-Control"] == "no-cache"
    assert get(app, "/widget.js").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/widget",
        "/static/none.js",
        "/static/../site.py",
        "/static/%2e%2e/site.py",
        "/static/..%2fsite.py",
        "/static//etc/passwd",
        "/static/widget/v-00/../../../site.py",
        "/static/widget/v-00/%2e%2e/%2e%2e/%2e%2e/site.py",
        "/static/widget/v-00//etc/passwd",
        "/static/a%00.js",
        "/static/widget/v-00/",
    ],
)
def test_nothing_else_is_served(app: Flask, path: str) -> None:
    assert get(app, path, SAID).status_code in (308, 404)  # double slashes are put right first


def test_other_spellings_of_an_address_take_no_memory(tmp_path: Path) -> None:
    folder = tmp_path / "static"
    shutil.copytree(STATIC, folder)
    assets, accepted = Assets(folder), Accept([("br", 1)])
    for name in ("widget.js", "widget/main.js"):
        asset = assets.find(name, accepted)
        assert asset
        for other in (f"./{name}", f"././{name}", f"console/../{name}", f"none/../{name}"):
            assert assets.find(other, accepted) is asset


def test_a_changed_file_is_served_at_once_and_changes_the_version(tmp_path: Path) -> None:
    folder = tmp_path / "static"
    shutil.copytree(STATIC, folder)
    assets, accepted = Assets(folder), Accept([("gzip", 1)])
    name = f"widget/v-{assets.version()}/menu.js"
    before, starter = assets.find(name, accepted), assets.find("widget.js", accepted)
    assert before is assets.find(name, accepted)  # made once
    assert before
    assert starter
    (folder / "widget" / "menu.js").write_text("export const changed = 1; // now\n")
    after, newer = assets.find(name, accepted), assets.find("widget.js", accepted)
    assert after
    assert newer
    assert gzip.decompress(after.body) == b"export const changed=1;"
    assert assets.cache_control(name) == "no-cache"  # the address named what was there before
    assert after.etag != before.etag
    assert newer.etag != starter.etag
    assert Assets(folder).version() == assets.version() not in name


def test_every_script_parses_when_it_is_minified(tmp_path: Path) -> None:
    """Node reads them as modules; a file that does not parse is named."""
    for script in SCRIPTS:
        small = tmp_path / script.relative_to(STATIC).with_suffix(".mjs")
        small.parent.mkdir(parents=True, exist_ok=True)
        small.write_bytes(minified(script))
    files = sorted(tmp_path.rglob("*.mjs"))
    check = "for f; do node --check $f || exit 1; done"
    subprocess.run(["sh", "-c", check, "sh", *map(str, files)], check=True)


def test_minified_modules_say_what_the_originals_say(tmp_path: Path) -> None:
    """Texts and patterns in templates survive: what modules export is compared, style sheets but
    for their spaces, which `test_style_sheets_mean_the_same_when_they_are_minified` reads."""
    names = [
        "strings",
        "styles",
        "rating",
        "theme",
        "waiting",
        *(f"{f.parent.name}/{f.stem}" for f in WIDGET.glob("*/*.js")),
    ]
    for kind in ("plain", "small"):
        for folder in ("strings", "waiting"):
            (tmp_path / kind / folder).mkdir(parents=True)
        (tmp_path / kind / "package.json").write_text('{"type": "module"}')
    for script in WIDGET.rglob("*.js"):
        name = script.relative_to(WIDGET)
        shutil.copy(script, tmp_path / "plain" / name)
        (tmp_path / "small" / name).write_bytes(minified(script))
    compare = """
    const spaces = /\\/\\*.*?\\*\\/|\\s+/gs;
    const bare = (css) => css.replace(spaces, '').replaceAll(';}', '}');
    const told = (key, value) =>
      typeof value === 'function' ? value.name : key === 'css' ? bare(value) : value;
    const load = (kind, name) => import(`./${kind}/${name}.js`);
    for (const name of process.argv.slice(1)) {
      const [plain, small] = [await load('plain', name), await load('small', name)];
      if (JSON.stringify(plain, told) !== JSON.stringify(small, told)) throw new Error(name);
    }"""
    node = ["node", "--input-type=module", "-e", compare, "--", *names]
    done = subprocess.run(node, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", sorted(WIDGET.rglob("*.js")), ids=lambda p: p.name)
def test_every_module_of_the_widget_can_be_minified(script: Path) -> None:
    assert can_be_minified(script.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("script", "can"),
    [
        ("const a = `one ${two} three`;", True),
        ("const a = `\\`${one}\\``; /* `a ${`b`} c` */", True),
        ("const a = 'https://x'; // like `this\nconst b = 1;", True),
        ("const a = `one ${two ? `of  ${three}` : ''} four`;", False),
        ("const a = list.map((one) => `${one.map((b) => `${b} ,  c`)}`);", False),
    ],
)
def test_a_template_inside_a_template_is_left_as_it_is(
    script: str, can: bool, tmp_path: Path
) -> None:
    """rjsmin would take the end of the outer one for code, and its spaces away."""
    assert can_be_minified(script) is can
    (tmp_path / "a.js").write_text(script)
    served = minified(tmp_path / "a.js").decode()
    assert (served == script) is not can


def test_starter_has_a_place_for_the_version() -> None:
    assert VERSION_MARK in (STATIC / "widget.js").read_text(encoding="utf-8")


@pytest.mark.browser
def test_style_sheets_mean_the_same_when_they_are_minified(browser: Any) -> None:
    page = browser.new_page()
    read = """(text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      const rules = [...sheet.cssRules].map((rule) => rule.cssText);
      return rules.map((rule) => rule.replace(/\\s+/g, ' ').replace(/ ?([,:]) ?/g, '$1'));
    }"""
    held = [script for script in WIDGET.rglob("*.js") if STYLES.search(script.read_text())]
    assert {"styles.js", "rating.js"} <= {script.name for script in held}
    for sheet in (*SHEETS, *held):
        texts = [sheet.read_text(encoding="utf-8"), minified(sheet).decode()]
        if sheet.suffix == ".js":
            found = [STYLES.search(text) or re.search("(css=`)([^`]*)", text) for text in texts]
            texts = [re.sub(r"\$\{[\w.]+\}", "red", found[2]) for found in found if found]
        plain, small = (page.evaluate(read, text) for text in texts)
        assert len(plain) > 5
        assert small == plain, sheet.name
    page.close()
