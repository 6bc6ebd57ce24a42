"""The files for a host: every command, variable, extra, path and figure that they name is there.

They are parsed and compared with the code; Docker, Prometheus and Grafana are not run here.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

import bot.metrics
import worker.metrics
from bot.cli import cli
from bot.settings import ENVIRONMENT_VARIABLES as BOT_VARIABLES
from tests.test_readme import find_command
from worker.queue import BROKERS
from worker.settings import ENVIRONMENT_VARIABLES as WORKER_VARIABLES
from worker.settings import Settings, host_and_port
from worker.store.queue_state import QueueState
from worker.store.ratings import Tally

ROOT = Path(__file__).resolve().parents[1]
DEPLOYMENT = ROOT / "worker" / "deployment"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "bot", "worker", "tuner", "beat")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
UNITS = sorted((DEPLOYMENT / "systemd").iterdir())
VARIABLES = {name for names in BOT_VARIABLES.values() for name in names} | set(WORKER_VARIABLES.values())
OF_COMPOSE = {"POSTGRES_PASSWORD", "SONGWRIGHT_BROKER_URL", "WORKERS", "GRAFANA_PASSWORD", "SONGWRIGHT_TUNE_AFTER"}
DASHBOARD = json.loads((DEPLOYMENT / "grafana" / "dashboard.json").read_text(encoding="utf-8"))
TABLE = (DEPLOYMENT / "README.md").read_text(encoding="utf-8")


def is_command(words: list[str]) -> bool:
    """Return whether `songwright WORDS` can be given."""
    command, rest = find_command(words)
    command.make_context("songwright", rest)
    return command is not cli


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_with_variables_that_are_read(name: str) -> None:
    service = SERVICES[name]
    assert is_command(list(service["command"]))
    assert set(service["environment"]) <= VARIABLES
    settings = Settings.from_environment(
        {variable: re.sub(r"\$\{\w+:[?-]([^}]*)\}", r"\1", value) for variable, value in service["environment"].items()}
    )
    assert settings.database_url.split("@")[1] == "postgres/songwright"
    assert "postgres" in SERVICES
    assert str(settings.broker_url).startswith("redis://redis:")


def test_what_depends_on_another_service_names_one_that_tells_its_health() -> None:
    for name, service in SERVICES.items():
        needs = service.get("depends_on", {})
        for other in needs:
            assert other in SERVICES, name
            if isinstance(needs, dict) and needs[other]["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
            # Without its profile a broker is not there, and what depends on it starts all the same.
            if isinstance(needs, dict) and "profiles" in SERVICES[other]:
                assert needs[other]["required"] is False
    assert {profile for service in SERVICES.values() for profile in service.get("profiles", [])} == {
        "redis", "rabbitmq", "tuning", "watch",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["bot", "worker", "tuner"])
def test_health_is_asked_where_it_is_served(name: str) -> None:
    service = SERVICES[name]
    _, port = host_and_port(service["environment"]["SONGWRIGHT_METRICS_ADDRESS"])
    assert f"http://127.0.0.1:{port}/ready" in service["healthcheck"]["test"][-1]
    compile(service["healthcheck"]["test"][-1], "healthcheck", "exec")
    assert f"EXPOSE {port}" in DOCKERFILE
    assert int(service["stop_grace_period"].removesuffix("s")) > 8  # what a worker lets its jobs finish in


def test_only_the_bot_has_the_token() -> None:
    for name in ("worker", "tuner", "beat"):
        assert SERVICES[name]["environment"]["DISCORD_TOKEN"] == ""
        assert SERVICES[name]["environment"]["SONGWRIGHT_DISCORD_TOKEN"] == ""
    assert not [service for service in SERVICES.values() if "DISCORD_TOKEN=" in json.dumps(service)]


def test_one_tuner_has_what_tuning_takes_and_shares_the_models_with_those_who_use_them() -> None:
    tuner, other = SERVICES["tuner"], SERVICES["worker"]
    assert ("--tuning" in tuner["command"], "deploy" in tuner) == (True, False)  # one of it
    (of_image,) = re.findall(r"^ARG EXTRAS=(\S+)", DOCKERFILE, re.MULTILINE)
    told = tuner["build"]["args"]["EXTRAS"], "tune" in PROJECT["optional-dependencies"]
    assert told == (f"{of_image},tune", True)
    assert tuner["image"] != other["image"]  # else whichever is built last is both
    assert tuner["volumes"] == other["volumes"]
    assert int(re.sub(r"\$\{\w+:-(\d+)\}", r"\1", tuner["environment"]["SONGWRIGHT_TUNE_AFTER"])) > 0


def test_variables_that_compose_reads_are_explained_and_passwords_have_no_default() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{(\w+)", text))
    assert used == OF_COMPOSE
    head = text.partition("\n\n")[0]
    assert {name for name in used | {"COMPOSE_PROFILES"} if name not in head} == set()
    assert "${POSTGRES_PASSWORD:?" in text
    assert "POSTGRES_PASSWORD:-" not in text


def test_nothing_but_grafana_is_open_and_that_to_this_machine_only() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(ports) == ["grafana"]
    assert all(port.startswith("127.0.0.1:") for port in ports["grafana"])


def test_mounted_files_and_volumes_are_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            assert target.startswith("/")
            if source.startswith("./"):
                assert (ROOT / source).is_file(), source
            else:
                assert source in COMPOSE["volumes"]


def test_the_image_has_extras_that_exist_and_all_that_is_installed() -> None:
    (extras,) = re.findall(r"^ARG EXTRAS=(\S+)", DOCKERFILE, re.MULTILINE)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    needed = {module for scheme in ("redis", "amqp") for module in BROKERS[scheme]} | {
        "psycopg",
        "discord",
        "prometheus",
    }
    packages = " ".join(package for extra in extras.split(",") for package in PROJECT["optional-dependencies"][extra])
    assert {name for name in needed if name not in packages} == set()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (.+) \./?\S*$", DOCKERFILE, re.MULTILINE):
        for name in line.split():
            assert (ROOT / name).exists(), name
            assert f"!{name}" in ignored
    assert "*" in ignored
    assert ".env" not in [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert re.search(r"^USER songwright$", DOCKERFILE, re.MULTILINE)
    entrypoint, arguments = (
        json.loads(re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)[0]) for name in ("ENTRYPOINT", "CMD")
    )
    assert entrypoint == list(PROJECT["scripts"])
    assert is_command(arguments)


def test_the_image_is_of_a_python_that_is_supported() -> None:
    (version,) = re.findall(r"^FROM python:(\d+\.\d+)-slim$", DOCKERFILE, re.MULTILINE)
    assert f">={version}" == PROJECT["requires-python"]


def test_the_procfile_runs_bot_workers_and_beat() -> None:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    processes = dict(line.split(": ", 1) for line in lines)
    assert set(processes) == {"bot", "worker", "tuner", "beat"}
    assert all(is_command(shlex.split(command)[1:]) for command in processes.values())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_with_variables_that_are_read(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=\S+/songwright (.+)$", text, re.MULTILINE)
    assert is_command(shlex.split(command))
    named = dict(
        pair.split("=", 1) for line in re.findall(r"^Environment=(.+)$", text, re.MULTILINE) for pair in line.split()
    )
    assert set(named) <= VARIABLES | {"XDG_DATA_HOME", "NUMBA_CACHE_DIR"}
    host_and_port(named["SONGWRIGHT_METRICS_ADDRESS"].replace("%i", "1"))
    assert re.search(r"^Restart=on-failure$", text, re.MULTILINE)
    assert re.search(r"^RestartPreventExitStatus=2$", text, re.MULTILINE)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/songwright/.venv/bin/songwright", "/bin/true")
        (tmp_path / unit.name.replace("@", "@1")).write_text(text)
    files = [str(file) for file in tmp_path.iterdir()]
    done = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_prometheus_asks_every_process_where_it_answers() -> None:
    config = yaml.safe_load((DEPLOYMENT / "prometheus.yml").read_text(encoding="utf-8"))
    found = {
        name: service["port"]
        for job in config["scrape_configs"]
        for service in job["dns_sd_configs"]
        for name in service["names"]
    }
    ports = {name: host_and_port(SERVICES[name]["environment"]["SONGWRIGHT_METRICS_ADDRESS"])[1] for name in found}
    assert set(found) == {"bot", "worker", "tuner"}
    assert found == ports


def exported() -> set[str]:
    """Return the names of all series that the processes export."""
    registry = CollectorRegistry()
    worker.metrics.WorkerMetrics(registry)
    bot.metrics.BotMetrics(registry)

    class Gateway:
        shard_id, latency, guilds, ws = 0, 0.05, (), None

        def is_ready(self) -> bool:
            return False

    class Batches:
        tokens = steps = rows = busy_seconds = slots = slots_used = 1

    state = QueueState(
        queued={(0, "song"): 1}, running={(0, "song"): 1}, oldest_queued_seconds=1, done_lately=1,
        failed_lately={"bug": 1}, cancelled_lately=1, open_deliveries=1, workers=1, slots=1, slots_used=1, songs=1,
        ratings=Tally(1, 5.0),
    )  # fmt: skip
    registry.register(bot.metrics.GatewayCollector(Gateway()))  # type: ignore[arg-type]  # a stand-in
    registry.register(worker.metrics.DecodingCollector(lambda: {"lyrics": Batches()}))  # type: ignore[dict-item]  # the same
    registry.register(worker.metrics.StoreCollector(lambda: state))
    names: set[str] = set()
    for family in registry.collect():
        total = "_total" if family.type == "counter" else ""
        names |= {
            f"{family.name}{ending}"
            for ending in (("_bucket", "_sum", "_count") if family.type == "histogram" else (total,))
        }
    return names


def without_endings(names: set[str]) -> set[str]:
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def asked() -> set[str]:
    """Return the names of all series that the dashboard shows."""
    text = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", []))
    return set(re.findall(r"\b(?:songwright|process)_\w+", text))


def test_the_dashboard_shows_what_is_exported_and_all_of_it() -> None:
    mine = {name for name in asked() if name.startswith("songwright_")}
    assert mine - exported() == set()
    assert without_endings(exported()) - without_endings(mine) == set()
    assert {name for name in asked() if name.startswith("process_")} == {
        "process_resident_memory_bytes", "process_cpu_seconds_total",
    }  # fmt: skip


def test_the_table_explains_what_is_exported_and_nothing_else() -> None:
    explained = set(
        re.findall(
            r"`(songwright_\w+)(?:\{[a-z_,]+\})?`", "\n".join(line for line in TABLE.splitlines() if line[:1] == "|")
        )
    )
    assert explained == without_endings(exported())


def test_labels_in_the_table_are_those_of_the_code() -> None:
    registry = CollectorRegistry()
    worker.metrics.WorkerMetrics(registry)
    bot.metrics.BotMetrics(registry)
    # The label names of what is counted are known before anything has been.
    for name, collector in registry._names_to_collectors.items():
        labels = ",".join(getattr(collector, "_labelnames", ()))
        if f"`{name}{{" in TABLE:
            assert f"`{name}{{{labels}}}`" in TABLE


def test_the_dashboard_is_whole() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    for place in places:
        assert 0 <= place["x"] <= place["x"] + place["w"] <= 24
    for number, one in enumerate(places):
        for other in places[number + 1 :]:
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (one, other)
    (variable,) = DASHBOARD["templating"]["list"]
    uids = {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"}
    assert uids == {f"${{{variable['name']}}}"}
    source = yaml.safe_load((DEPLOYMENT / "grafana" / "datasource.yml").read_text(encoding="utf-8"))
    assert variable["current"]["value"] == source["datasources"][0]["uid"]
    provider = yaml.safe_load((DEPLOYMENT / "grafana" / "dashboards.yml").read_text(encoding="utf-8"))
    folder = provider["providers"][0]["options"]["path"]
    assert any(f":{folder}/" in volume for volume in SERVICES["grafana"]["volumes"])
