"""What a host may set, read from environment variables when asked and checked once.

Knows nothing of databases, brokers or models beyond where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.errors import RequestError

# Field name -> environment variable; the only place where the variables are named.
ENVIRONMENT_VARIABLES = {
    "database_url": "SONGWRIGHT_DATABASE_URL",
    "models_dir": "SONGWRIGHT_MODELS_DIR",
    "soundfont": "SONGWRIGHT_SOUNDFONT",
    "engraver": "SONGWRIGHT_ENGRAVER",
    "broker_url": "SONGWRIGHT_BROKER_URL",
    "lease_seconds": "SONGWRIGHT_LEASE_SECONDS",
    "heartbeat_seconds": "SONGWRIGHT_HEARTBEAT_SECONDS",
    "max_attempts": "SONGWRIGHT_MAX_ATTEMPTS",
    "worker_threads": "SONGWRIGHT_WORKER_THREADS",
    "job_seconds": "SONGWRIGHT_JOB_SECONDS",
    "stall_seconds": "SONGWRIGHT_STALL_SECONDS",
    "keep_days": "SONGWRIGHT_KEEP_DAYS",
    "artifacts_url": "SONGWRIGHT_ARTIFACTS_URL",
    "metrics_address": "SONGWRIGHT_METRICS_ADDRESS",
    "best_of": "SONGWRIGHT_BEST_OF",
    "tuning": "SONGWRIGHT_TUNING",
    "tune_after": "SONGWRIGHT_TUNE_AFTER",
    "tune_share": "SONGWRIGHT_TUNE_SHARE",
    "gate_lyrics": "SONGWRIGHT_GATE_LYRICS",
    "gate_tunes": "SONGWRIGHT_GATE_TUNES",
}

HIGHEST_PORT = 65535


def host_and_port(address: str) -> tuple[str, int]:
    """Return the parts of "127.0.0.1:9101" or "[::1]:9101"; port 0 stands for any that is free. ValueError for others."""
    host, _, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    is_v6 = host != bare
    if not bare or (":" in bare) != is_v6 or not port.isascii() or not port.isdigit() or int(port) > HIGHEST_PORT:
        raise ValueError("it must be a host and a port such as 127.0.0.1:9101")
    return bare, int(port)


def _an_address(value: str | None) -> str | None:
    if value is not None:
        host_and_port(value)
    return value


class Settings(BaseModel):
    """Everything a host may set. Absent folders are made by whoever writes into them first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: Annotated[str, Field(min_length=1, description="SQLAlchemy URL; SQLite or PostgreSQL")]
    models_dir: Annotated[Path, Field(description="where trained and fetched checkpoints are kept")]
    soundfont: Annotated[Path | None, Field(description="SF2 file for audio; None: whatever is found")] = None
    engraver: Annotated[
        str | None, Field(description="program that draws lead sheets, auto for any found; None: our own drawing")
    ] = None
    broker_url: Annotated[str | None, Field(description="Celery broker; None: nothing is rung")] = None
    lease_seconds: Annotated[float, Field(gt=0, le=3600, description="how long a silent worker keeps its job")] = 60.0
    heartbeat_seconds: Annotated[float, Field(gt=0, le=1800, description="how often a worker renews its lease")] = 15.0
    max_attempts: Annotated[int, Field(ge=1, le=100, description="how often a job is begun before it fails")] = 3
    worker_threads: Annotated[
        int | None, Field(ge=1, le=64, description="jobs that a worker process runs at once; None: by its device")
    ] = None
    job_seconds: Annotated[float, Field(gt=0, le=86400, description="how long an attempt at a job may take")] = 600.0
    stall_seconds: Annotated[
        float, Field(gt=0, le=3600, description="after which a worker without any progress ends itself")
    ] = 180.0
    keep_days: Annotated[int, Field(ge=1, le=3650, description="how long jobs without a song are kept")] = 30
    artifacts_url: Annotated[
        str | None, Field(description="folder or bucket for the files of songs; None: in the database")
    ] = None
    metrics_address: Annotated[
        str | None, Field(description="host:port of metrics and health; None: not served"), AfterValidator(_an_address)
    ] = None

    best_of: Annotated[
        int,
        Field(ge=1, le=16, description="takes of words and tune, of which a promoted judge keeps the best; 1: one"),
    ] = 4
    tuning: Annotated[bool, Field(description="whether workers carry out tuning runs, one at a time, songs first")] = (
        False
    )
    tune_after: Annotated[
        int, Field(ge=0, le=1_000_000, description="new judgements that begin a tuning run; 0: none begins by itself")
    ] = 0
    tune_share: Annotated[
        float, Field(gt=0, le=0.5, description="of the songs, for a candidate on trial that passed the gate")
    ] = 0.1
    gate_lyrics: Annotated[Path | None, Field(description="corpus of people's lyrics that the gate compares on")] = None
    gate_tunes: Annotated[Path | None, Field(description="folder of lead sheets that the gate compares on")] = None

    @model_validator(mode="after")
    def _heartbeat_fits_lease(self) -> Self:
        """Refuse a heartbeat that one missed beat would turn into a lost lease."""
        if self.heartbeat_seconds * 2 > self.lease_seconds:
            raise ValueError("the heartbeat must be at most half the lease")
        return self

    @property
    def snapshots_dir(self) -> Path:
        """Where snapshots of judgements are kept: beside the models that are tuned on them."""
        return self.models_dir / "snapshots"

    @property
    def tunings_dir(self) -> Path:
        """Where tuning runs keep their checkpoints and logs: candidates stay there."""
        return self.models_dir / "tunings"

    def people_of(self, role: str) -> Path | None:
        """Return the works of people that the gate compares models of a role on, None for none."""
        return {"lyrics": self.gate_lyrics, "melody": self.gate_tunes}.get(role)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings that these variables state; an empty variable counts as absent."""
        data_dir = data_directory(environ)
        values: dict[str, object] = {
            "database_url": f"sqlite:///{data_dir / 'songwright.sqlite3'}",
            "models_dir": data_dir / "models",
        }
        given = {field: environ.get(name, "").strip() for field, name in ENVIRONMENT_VARIABLES.items()}
        values.update({field: text for field, text in given.items() if text})
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise RequestError(_sentence(error, given)) from error


def hosting_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of bot and worker processes: without a broker of the host's, they ring through a folder.

    Where Celery is not installed there is no broker, and workers look into the database instead.
    """
    settings = Settings.from_environment(environ)
    if settings.broker_url is not None or find_spec("celery") is None:
        return settings
    return settings.model_copy(update={"broker_url": f"filesystem://{data_directory(environ) / 'broker'}"})


def data_directory(environ: Mapping[str, str]) -> Path:
    """Return the folder of this person's Songwright data, by the XDG rules; it may not exist yet."""
    xdg = Path(environ.get("XDG_DATA_HOME", ""))
    if xdg.is_absolute():  # the XDG specification: a relative path is to be ignored
        return xdg / "songwright"
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return home / ".local" / "share" / "songwright"


def _sentence(error: ValidationError, given: Mapping[str, str]) -> str:
    """Return the first fault as one sentence that names the variable."""
    fault = error.errors()[0]
    field = str(fault["loc"][0]) if fault["loc"] else "heartbeat_seconds"
    variable = ENVIRONMENT_VARIABLES[field]
    why = str(fault["msg"]).removeprefix("Value error, ").replace("Input should", "it should")
    return f"{variable}={given[field]!r} cannot be used: {why}; correct it or unset it for the default"
