"""Times a song with two verses and two choruses from command to files: first ever, cold and warm, by stage; peak memory.
And a song of three minutes with its band, warm: files without and with audio.

Run by `make bench`; not a test. Synthetic in nothing: it runs the console command and the shipped models.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

THEME, FORM = "rain over the harbour", "VCVC"
LONG_SECONDS = 180.0
BARS = {"warm": 6.0, "cold": 15.0, "megabytes": 1500.0, "long": 8.0, "long_with_audio": 14.0}


def run_command(folder: Path, seed: int, environ: dict[str, str]) -> tuple[float, float, dict[str, float]]:
    """Return seconds from command to files, peak megabytes of the process, and seconds by stage."""
    command = [
        sys.executable,
        "-m",
        "bot",
        "song",
        THEME,
        "--form",
        FORM,
        "--seed",
        str(seed),
        "--json",
        "--out",
        str(folder),
    ]
    start = time.perf_counter()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return seconds, peak, json.loads(done.stdout)["seconds_per_stage"]


def opened_models() -> Any:
    """Return the shipped models."""
    from engine.song.models import SongModels, open_lyric_model, open_melody_model
    from worker.loaded_models import starter_paths

    paths = starter_paths()
    return SongModels(open_lyric_model(paths["lyrics"]), open_melody_model(paths["melody"]))


def warm_songs(models: Any, count: int) -> list[tuple[float, dict[str, float]]]:
    """Return seconds and seconds by stage of songs made one after the other in this process, the first left out."""
    from engine.contract import SongRequest

    request = SongRequest(theme=THEME, form=FORM)
    return [made_in(request, models, seed, None) for seed in range(count + 1)][1:]


def long_songs(models: Any, count: int, *, audio: bool) -> list[tuple[float, dict[str, float]]]:
    """Return seconds and seconds by stage of songs of three minutes with every usual file, with or without audio."""
    from engine.contract import SongRequest
    from engine.song.files import OUTPUTS

    request = SongRequest(theme=THEME, length_seconds=LONG_SECONDS)
    outputs = [name for name in OUTPUTS if audio or name != "ogg"]
    return [made_in(request, models, seed, outputs) for seed in range(count)]


def made_in(request: Any, models: Any, seed: int, outputs: Sequence[str] | None) -> tuple[float, dict[str, float]]:
    """Make a song and return the seconds from request to files, whole and by stage."""
    from engine.song.make_song import make_song
    from engine.song.making import Making

    start = time.perf_counter()
    made = make_song(request, Making(seed=seed, models=models, outputs=outputs))
    return time.perf_counter() - start, made.report.seconds_per_stage


def measure(repeats: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        environ = {**os.environ, "SONGWRIGHT_DATABASE_URL": f"sqlite:///{folder}/store.sqlite3", "OMP_NUM_THREADS": "1"}
        fresh = {**environ, "NUMBA_CACHE_DIR": str(folder / "numba")}
        first, _, _ = run_command(folder / "first", 0, fresh)
        cold = [run_command(folder / f"cold{i}", i, environ) for i in range(repeats)]
    models = opened_models()
    warm = warm_songs(models, repeats)
    silent, sounding = (long_songs(models, repeats, audio=audio) for audio in (False, True))
    return {
        "what": f"{FORM}, theme {THEME!r}: medians of {repeats}; seconds from command to files",
        "first_ever_seconds": round(first, 2),
        "cold_seconds": round(statistics.median(run[0] for run in cold), 2),
        "warm_seconds": round(statistics.median(run[0] for run in warm), 2),
        "peak_megabytes": round(max(run[1] for run in cold)),
        "cold_stages": medians([run[2] for run in cold]),
        "warm_stages": medians([run[1] for run in warm]),
        "long_seconds": round(statistics.median(run[0] for run in silent), 2),
        "long_with_audio_seconds": round(statistics.median(run[0] for run in sounding), 2),
        "long_stages": medians([run[1] for run in sounding]),
        "bars": BARS,
    }


def medians(stages: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(run[name] for run in stages), 3) for name in stages[0]}


@click.command()
@click.option("--repeats", default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(repeats: int, as_json: bool) -> None:
    """Time a song with two verses and two choruses: first ever, cold and warm."""
    figures = measure(repeats)
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    print(figures["what"])
    print(f"first ever (kernels compiled)  {figures['first_ever_seconds']:6.2f} s")
    print(f"cold (new process)             {figures['cold_seconds']:6.2f} s   at most {BARS['cold']:g}")
    print(f"warm (models open)             {figures['warm_seconds']:6.2f} s   at most {BARS['warm']:g}")
    print(f"peak memory                    {figures['peak_megabytes']:6.0f} MB  under {BARS['megabytes']:g}")
    print(f"3:00, warm, without audio      {figures['long_seconds']:6.2f} s   at most {BARS['long']:g}")
    print(
        f"3:00, warm, with audio         {figures['long_with_audio_seconds']:6.2f} s   at most {BARS['long_with_audio']:g}"
    )
    for name, seconds in figures["cold_stages"].items():
        print(f"  {name:<10} cold {seconds:6.3f} s   warm {figures['warm_stages'].get(name, 0):6.3f} s")


if __name__ == "__main__":
    main()
