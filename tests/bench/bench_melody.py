"""Counts how often the melody is found among tracks without names and words, in any order.

Not a test. The files are Nottingham's where they lie beside the project (track 1 is the melody), and songs of our bands.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import click

from engine.errors import RequestError
from engine.music.heard import find_melody
from engine.music.midi_file import midi_to_score
from engine.music.score import Score
from engine.song.parts import part_of
from tests.bench.midi_files import arranged_song, real_files


def found(score: Score, seed: int) -> bool:
    """Return whether the first track is found when all are shuffled and have lost their names and words."""
    order = list(range(len(score.tracks)))
    random.Random(seed).shuffle(order)
    tracks = tuple(replace(score.tracks[n], name="", lyrics=()) for n in order)
    try:
        chosen = find_melody(replace(score, tracks=tracks), None, [part_of(track) == "melody" for track in tracks])
    except RequestError:
        return False
    return order[chosen] == 0


def all_piano(score: Score) -> Score:
    return replace(score, tracks=tuple(replace(track, program=0) for track in score.tracks))


@click.command()
@click.option("--songs", default=100, show_default=True, help="Songs of our own bands.")
def main(songs: int) -> None:
    """Count how often the melody is found."""
    ours = [arranged_song(seed) for seed in range(songs)]
    nottingham = [score for data in real_files() for score in [midi_to_score(data)] if len(score.tracks) > 1]
    sets: Iterable[tuple[str, list[Score]]] = (
        ("Nottingham", nottingham), ("our bands", ours), ("our bands, all piano", [all_piano(song) for song in ours]),
    )  # fmt: skip
    for name, scores in sets:
        print(f"{name:<21} {sum(found(score, seed) for seed, score in enumerate(scores))} of {len(scores)}")


if __name__ == "__main__":
    main()
