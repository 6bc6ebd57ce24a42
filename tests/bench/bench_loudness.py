"""How loud finished songs are, in every style and both formats: integrated loudness and true peak of the decoded files.

Run by hand: `python -m tests.bench.bench_loudness`; not a test. The starter models, one song a style with the whole band.
The peak is looked for between the samples too, four places to each, as ITU-R BS.1770-4 wants it.
"""

from __future__ import annotations

import json
import math
import time

import click
import numpy as np
import scipy.signal

from engine.contract import SongRequest
from engine.output.encoding import decoded
from engine.output.loudness import integrated_loudness
from engine.song.make_song import make_song
from engine.song.making import Making
from engine.song.models import SongModels, open_lyric_model, open_melody_model
from engine.song.styles import STYLES
from worker.loaded_models import starter_paths

FORMATS = ("ogg", "mp3")
WANTED_LUFS, HIGHEST_DBTP = -16.0, -1.0  # a decibel is left for players that decode to other samples
PLACES = 4  # to a sample


def true_peak_db(samples: np.ndarray) -> float:
    """Return the highest place of samples (channels, frames) or between them, in dB below full scale; -inf for silence."""
    highest = float(np.abs(scipy.signal.resample_poly(samples, PLACES, 1, axis=1)).max(initial=0.0))
    return 20 * math.log10(highest) if highest else -math.inf


def measured(style: str, models: SongModels) -> list[dict[str, object]]:
    """Return a row for each format of one song of a style."""
    request = SongRequest(theme="rain over the harbour", style=style, form="VC")
    made = make_song(request, Making(seed=1, models=models, outputs=FORMATS))
    rows: list[dict[str, object]] = []
    for artifact in made.artifacts:
        samples, rate_hz = decoded(artifact.data)
        rows.append(
            {
                "style": style,
                "format": artifact.name.rpartition(".")[2],
                "lufs": round(integrated_loudness(samples, rate_hz), 2),
                "true_peak_db": round(true_peak_db(samples), 2),
                "seconds": round(samples.shape[1] / rate_hz, 1),
            }
        )
    return rows


@click.command()
@click.option("--json", "as_json", is_flag=True)
def main(as_json: bool) -> None:
    """Measure and print."""
    paths, began = starter_paths(), time.perf_counter()
    models = SongModels(open_lyric_model(paths["lyrics"]), open_melody_model(paths["melody"]))
    rows = [row for style in STYLES for row in measured(style, models)]
    far = max(abs(float(str(row["lufs"])) - WANTED_LUFS) for row in rows)
    peak = max(float(str(row["true_peak_db"])) for row in rows)
    if as_json:
        seconds = round(time.perf_counter() - began, 1)
        print(json.dumps({"rows": rows, "farthest_lufs": far, "true_peak_db": peak, "seconds": seconds}, indent=2))
        return
    for row in rows:
        print(
            f"{row['style']:<12} {row['format']}  {row['lufs']:7.2f} LUFS  {row['true_peak_db']:6.2f} dBTP  {row['seconds']} s"
        )
    print(f"{len(rows)} files: {WANTED_LUFS} +- {far:.2f} LUFS, at most {peak:.2f} dBTP (to be below {HIGHEST_DBTP})")


if __name__ == "__main__":
    main()
