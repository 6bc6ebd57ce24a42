"""How long eight lines of eight syllables take, rhymed AABBCCDD, with everything warm; and the same for a Chinese tune.

Run by hand: `python -m tests.bench.bench_lyrics`; not a test. The starter models in one process, as a worker has them
after its first song; seconds on the wall and of the processors.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import click

from engine.contract import LyricRequest
from engine.song.chinese_model import open_chinese_model
from engine.song.make_song import make_lyrics
from engine.song.making import Making
from engine.song.models import SongModels, open_lyric_model, open_melody_model
from worker.loaded_models import starter_paths

ENGLISH = LyricRequest(theme="rain over the harbour", form="V", rhyme="AABBCCDD", syllables="8")
CHINESE = LyricRequest(theme="江南春雨", tune="鹧鸪天")


def timed(make: Callable[[int], object], repeats: int) -> dict[str, float]:
    """Return median and worst seconds of calls with seeds 1 ... repeats, after one that warms everything."""
    make(0)
    wall, used = [], []
    for seed in range(1, repeats + 1):
        began, processor = time.perf_counter(), time.process_time()
        make(seed)
        wall.append(time.perf_counter() - began)
        used.append(time.process_time() - processor)
    return {
        "seconds": round(statistics.median(wall), 3),
        "seconds_at_worst": round(max(wall), 3),
        "processor_seconds": round(statistics.median(used), 3),
    }


@click.command()
@click.option("--repeats", default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(repeats: int, as_json: bool) -> None:
    """Measure and print."""
    paths = starter_paths()
    models = SongModels(
        open_lyric_model(paths["lyrics"]), open_melody_model(paths["melody"]), open_chinese_model(paths["chinese"])
    )
    figures = {
        name: timed(lambda seed, request=request: make_lyrics(request, Making(seed=seed, models=models)), repeats)
        for name, request in (("eight_lines_of_eight_syllables", ENGLISH), ("a_chinese_tune_of_nine_lines", CHINESE))
    }
    print(json.dumps(figures, indent=2) if as_json else "\n".join(f"{k}: {v}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
