"""Settings: only known ones, well formed, from variables or from files."""

from pathlib import Path

import pytest

from service.config import DEFAULT_ENCODER, Config, load_config
from service.errors import ConfigError


def test_defaults_need_no_environment() -> None:
    config = load_config({"PATH": "/bin", "NOT_FRONTDESK_X": "1"})
    assert config == Config()
    assert (config.home, config.port, config.encoder) == (Path("var"), 8000, DEFAULT_ENCODER)


def test_variables_set_fields() -> None:
    config = load_config({"FRONTDESK_HOME": "/srv/desk", "FRONTDESK_PORT": "9000"})
    assert (config.home, config.port) == (Path("/srv/desk"), 9000)
    assert config.database == Path("/srv/desk/desk.db")
    assert config.releases == Path("/srv/desk/releases")


def test_options_win_over_variables_when_given() -> None:
    environ = {"FRONTDESK_HOME": "/srv/desk", "FRONTDESK_PORT": "9000"}
    assert load_config(environ, home="/other", port=None) == Config(home=Path("/other"), port=9000)


@pytest.mark.parametrize(
    "variable", ["FRONTDESK_HOMES", "FRONTDESK_", "FRONTDESK_HOM_FILE", "FRONTDESK_FILE"]
)
def test_unknown_variable_is_named(variable: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({variable: "/dev/null"})
    assert variable in caught.value.message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FRONTDESK_PORT", "eighty"),
        ("FRONTDESK_PORT", "65536"),
        ("FRONTDESK_PORT", "-1"),
        ("FRONTDESK_PORT", ""),
        ("FRONTDESK_WORKERS", "0"),
        ("FRONTDESK_THREADS", "3"),
        ("FRONTDESK_DEVICE", "tpu"),
        ("FRONTDESK_DEVICE", "cuda:x"),
        ("FRONTDESK_IDENTITY", "maybe"),
        ("FRONTDESK_LOG_LEVEL", "loud"),
        ("FRONTDESK_MAX_TEXT", "99"),
    ],
)
def test_bad_value_is_named(variable: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({variable: value})
    assert variable in caught.value.message


def test_bad_secret_is_not_shown() -> None:
    """What a message quotes may be a secret in the wrong place; secrets themselves have no rule."""
    assert load_config({"FRONTDESK_SITE_SECRET": "x"}).site_secret == "x"


def test_secret_can_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from a file\n")
    assert load_config({"FRONTDESK_SITE_SECRET_FILE": str(path)}).site_secret == "from a file"


def test_missing_secret_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FRONTDESK_SITE_SECRET_FILE"):
        load_config({"FRONTDESK_SITE_SECRET_FILE": str(tmp_path / "none")})


def test_secret_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="FRONTDESK_SITE_SECRET_FILE"):
        load_config({"FRONTDESK_SITE_SECRET_FILE": str(tmp_path / "secret")})


@pytest.mark.parametrize("first", ["FRONTDESK_SITE_SECRET", "FRONTDESK_SITE_SECRET_FILE"])
def test_value_and_file_together_are_refused(first: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("b")
    both = {"FRONTDESK_SITE_SECRET": "a", "FRONTDESK_SITE_SECRET_FILE": str(path)}
    ordered = {first: both[first], **both}
    with pytest.raises(ConfigError, match="twice"):
        load_config(ordered)


def test_origins_are_cut_at_commas() -> None:
    config = Config(allowed_origins=" https://a.example/ ,, https://b.example")
    assert config.origins == ("https://a.example", "https://b.example")
    assert Config().origins == ("*",)


def test_origins_are_compared_as_browsers_send_them() -> None:
    config = Config(allowed_origins="HTTPS://Shop.example:443/,http://a.example:80,https://a:4430")
    assert config.origins == ("https://shop.example", "http://a.example", "https://a:4430")


def test_every_setting_is_described() -> None:
    for name, field in Config.model_fields.items():
        assert field.description, name
