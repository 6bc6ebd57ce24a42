"""For how many real files every edit keeps what it does not name: METRICS section 6, which must hold for all.

Run by hand: `python -m tests.bench.bench_edits [--files 300]`; not a test. The files are songs of our own bands, and MIDI files
and chorales of the shared data where it lies beside the repository. Each is edited in every way, over bars in its middle
where an edit takes bars, and what comes out is read back from the MIDI file that people get.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click

from engine.contract import Request, TempoRequest, TransposeRequest
from engine.errors import RequestError
from engine.evaluation.edit_exactness import Edit, broken
from engine.music.bars import bar_spans, first_bar
from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.score import Score, Track
from engine.music_edit_requests import (
    ArrangeRequest,
    ContinueMusicRequest,
    HarmonizeRequest,
    HumanizeRequest,
    InfillRequest,
    InstrumentRequest,
    NewMelodyRequest,
    RemixRequest,
)
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.models import open_music_model
from engine.song.piece_of_score import piece_of_source
from engine.verbs import carry_out
from tests.bench.midi_files import SHARED, arranged_song, real_files

MODEL = Path(__file__).parents[2] / "engine" / "starter" / "music"
CHORALES = SHARED / "bench" / "jsb-chorales-16th.json.gz"
MIDDLE_BARS = 4


def scores(count: int) -> Iterator[tuple[str, Score]]:
    """Yield a third each of our own songs, folk tunes and chorales, as far as there are any; else our own songs."""
    found: list[list[tuple[str, Score]]] = [[], []]
    if CHORALES.exists():
        from engine.corpus.music_pieces import chorales

        for work in chorales(CHORALES):
            found[0].append((work.id, _chorale(work.piece.parts)))
    for number, data in enumerate(real_files()):
        found[1].append((f"nottingham/{number}", midi_to_score(data)))
    for each in found:
        step = max(1, len(each) // max(1, count // 3))
        yield from each[::step][: count // 3]
    others = sum(min(len(each), count // 3) for each in found)
    for seed in range(count - others):
        yield f"own/{seed}", midi_to_score(score_to_midi(arranged_song(seed)))


def _chorale(parts: Any) -> Score:
    tracks = tuple(Track(voice.capitalize(), 52, notes) for voice, notes in parts.items())
    length = max(notes[-1].end_ticks for notes in parts.values())
    return midi_to_score(score_to_midi(Score(tracks, length)))


def edits(score: Score) -> Iterator[tuple[str, Request, str | None]]:
    """Yield every edit with its kind and its bars."""
    count, first = len(bar_spans(score)), first_bar(score)
    start = max(0, count // 2 - MIDDLE_BARS // 2)
    bars = f"{start + first}-{min(count - 1, start + MIDDLE_BARS - 1) + first}"
    yield "extend", ContinueMusicRequest(source="a", bars=4), None
    for voices in ("band", "chords", "choir"):
        yield "harmonize", HarmonizeRequest(source="a", voices=voices, bars=bars), bars
    yield "melody", NewMelodyRequest(source="a", bars=bars), bars
    yield "remix pitch", RemixRequest(source="a", what="pitch", bars=bars, amount=60), bars
    yield "remix rhythm", RemixRequest(source="a", what="rhythm", bars=bars), bars
    yield "infill", InfillRequest(source="a", bars=bars), bars
    yield "arrange", ArrangeRequest(source="a", style="jazz"), None
    yield "instrument", InstrumentRequest(source="a", instrument="oboe"), None
    yield "humanize", HumanizeRequest(source="a", bars=bars), bars
    yield "tempo", TempoRequest(source="a", percent=90), None


def looked_at(kind: str, request: Request, source: SourceSong, models: Any, bars: str | None) -> list[str]:
    """Carry out an edit and return what it changed without naming it, in the score and in its file."""
    score = source.score
    assert score is not None
    made = _made(request, source, models)
    spans, told = bar_spans(score), piece_of_source(source, split=True)
    low, high = (int(n) - first_bar(score) for n in bars.split("-")) if bars else (0, len(spans) - 1)
    found = []
    for after in (made.score, midi_to_score(made.artifacts[0].data)):
        assert after is not None
        edit = Edit(kind, score, after, told.tracks[told.lead], spans[low][0], spans[high][1])
        found += broken(edit)
    return found


def up_and_down(source: SourceSong, models: Any) -> list[str]:
    """Transpose by a tone and back, and return what is not as it was."""
    up = _made(TransposeRequest(source="a", semitones=2), source, models)
    down = _made(TransposeRequest(source="b", semitones=-2), SourceSong("a", "", up.score), models)
    assert source.score is not None
    assert down.score is not None
    return broken(Edit("transpose and back", source.score, down.score, 0, 0, 0))


def _made(request: Request, source: SourceSong, models: Any) -> MadeSong:
    return carry_out(request, Making(seed=1, models=models, source=source, outputs=("mid",)))


@click.command()
@click.option("--files", default=300, show_default=True)
@click.option("--model", type=click.Path(path_type=Path), default=MODEL, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(files: int, model: Path, *, as_json: bool) -> None:
    """Edit and print."""
    models = SimpleNamespace(music=open_music_model(model), lyrics=None, melody=None, chinese=None)
    rows: dict[str, dict[str, Any]] = {}
    exact = 0
    for name, score in scores(files):
        source, is_exact = SourceSong(name, "", score), True
        cases = [*edits(score), ("transpose and back", None, None)]
        for kind, request, bars in cases:
            row = rows.setdefault(kind, {"edits": 0, "exact": 0, "refused": 0, "seconds": 0.0, "broken": []})
            began = time.perf_counter()
            try:
                found = (
                    up_and_down(source, models) if request is None else looked_at(kind, request, source, models, bars)
                )
            except RequestError as error:
                row["refused"] += 1
                row.setdefault("refusals", {}).setdefault(str(error)[:80], name)
                continue
            row["seconds"] = round(row["seconds"] + time.perf_counter() - began, 2)
            row["edits"] += 1
            row["exact"] += not found
            row["broken"] += [f"{name}: {sentence}" for sentence in found[:2]]
            is_exact = is_exact and not found
        exact += is_exact
    if as_json:
        print(json.dumps({"files": files, "exact": exact, "edits": rows}, indent=2))
        return
    print(f"{exact} of {files} files: every edit kept all that it does not name")
    for kind, row in rows.items():
        print(
            f"{kind}: {row['exact']} of {row['edits']} exact, {row['refused']} refused, {row['seconds']:g} s",
            *row["broken"],
        )


if __name__ == "__main__":
    main()
