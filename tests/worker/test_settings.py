"""The settings: defaults, the environment's say, and sentences for what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import RequestError
from worker.settings import ENVIRONMENT_VARIABLES, Settings, hosting_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({"HOME": "/home/ann"})
    assert settings.database_url == "sqlite:////home/ann/.local/share/songwright/songwright.sqlite3"
    assert settings.models_dir == Path("/home/ann/.local/share/songwright/models")
    assert (settings.lease_seconds, settings.heartbeat_seconds, settings.max_attempts) == (60, 15, 3)
    assert settings.soundfont is None
    assert settings.broker_url is None


def test_every_field_has_a_variable_that_is_read() -> None:
    others = {"SONGWRIGHT_LEASE_SECONDS": "70", "SONGWRIGHT_METRICS_ADDRESS": "localhost:7",
              "SONGWRIGHT_TUNING": "1", "SONGWRIGHT_TUNE_SHARE": "0.5"}  # fmt: skip
    given = dict.fromkeys(ENVIRONMENT_VARIABLES.values(), "7") | others
    settings = Settings.from_environment(given)
    assert set(ENVIRONMENT_VARIABLES) == set(Settings.model_fields)
    assert {str(value) for value in settings.model_dump().values()} == {
        "7",
        "7.0",
        "70.0",
        "localhost:7",
        "True",
        "0.5",
    }


@pytest.mark.parametrize(
    ("xdg", "folder"), [("/data", "/data/songwright"), ("data", "/h/.local/share/songwright"), ("", None)]
)
def test_a_relative_data_home_is_ignored(xdg: str, folder: str | None) -> None:
    settings = Settings.from_environment({"HOME": "/h", "XDG_DATA_HOME": xdg})
    assert settings.models_dir == Path(folder or "/h/.local/share/songwright") / "models"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SONGWRIGHT_LEASE_SECONDS", "soon"),
        ("SONGWRIGHT_MAX_ATTEMPTS", "0"),
        ("SONGWRIGHT_MAX_ATTEMPTS", "2.5"),
        ("SONGWRIGHT_HEARTBEAT_SECONDS", "45"),
        ("SONGWRIGHT_LEASE_SECONDS", "nan"),
        ("SONGWRIGHT_METRICS_ADDRESS", "9101"),
        ("SONGWRIGHT_METRICS_ADDRESS", ":9101"),
        ("SONGWRIGHT_METRICS_ADDRESS", "localhost:soon"),
        ("SONGWRIGHT_METRICS_ADDRESS", "localhost:65536"),
        ("SONGWRIGHT_METRICS_ADDRESS", "::1:9101"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(RequestError, match=f"{name}='{value}'|SONGWRIGHT_HEARTBEAT_SECONDS"):
        Settings.from_environment({"HOME": "/h", name: value})


def test_settings_do_not_change() -> None:
    settings = Settings.from_environment({"HOME": "/h"})
    with pytest.raises(ValueError, match="frozen"):
        settings.max_attempts = 9


def test_hosts_ring_through_a_folder_unless_they_say_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = hosting_settings({"HOME": "/h"})
    assert alone.broker_url == "filesystem:///h/.local/share/songwright/broker"
    assert alone.model_copy(update={"broker_url": None}) == Settings.from_environment({"HOME": "/h"})
    given = {"HOME": "/h", "SONGWRIGHT_BROKER_URL": "redis://harbour"}
    assert hosting_settings(given) == Settings.from_environment(given)
    monkeypatch.setattr("worker.settings.find_spec", lambda _name: None)
    assert hosting_settings({"HOME": "/h"}).broker_url is None
