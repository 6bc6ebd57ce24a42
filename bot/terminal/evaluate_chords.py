"""`songwright evaluate chords`: what held-out chords cost the chord model. Does not know how it is measured."""

from __future__ import annotations

from pathlib import Path

import click

from bot.terminal.figures_shown import PATH, as_json_option, show


@click.command()
@click.option("--data", type=PATH, required=True, help="the folder with chords/ and leadsheets/ below it")
@click.option(
    "--model", "path", type=PATH, default=None, help="a file of `songwright train chords`; the shipped one by default"
)
@as_json_option
def chords(data: Path, path: Path | None, as_json: bool) -> None:
    """Print what the chords of held-out songs cost the chord model in bits, beside baselines and our own palettes.

    Example:  songwright evaluate chords --data data/music
    """
    from engine.corpus.chord_sequences import read_song_chords
    from engine.evaluation.chord_likelihood import measure_ladder
    from engine.music.chord_model import ChordModel, shipped_chord_model

    songs = read_song_chords(data)
    model = shipped_chord_model() if path is None else ChordModel.open(path)
    rows = [
        {"model": name, "bits per slot": round(found.bits_per_slot, 3), "bits per chord": round(found.bits_per_chord, 3),
         "slots": found.slots, "chords": found.chords}
        for name, found in measure_ladder(songs, model).items()
    ]  # fmt: skip
    show("chords of the test songs", rows, as_json)
