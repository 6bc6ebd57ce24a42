"""`songwright sample` with a model over events: MIDI files. Does not know how music is written."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import click

from engine.errors import OutputError, RequestError

MOST_EVENTS = 512
LARGEST_SEED = 2**31
WORDS = ("artist", "title", "start", "end_phrase", "lines")


def write_music(place: str, out: Path | None, given: dict[str, Any], request: Any) -> None:
    """Write pieces into `out`, a new .mid file, or a new folder where several are asked for; say what they are.

    given: the options that were typed; RequestError for one that has to do with words.
    """
    from engine.evaluation.event_streams import stream_figures
    from engine.music.event_model import open_event_model
    from engine.music.midi_file import score_to_midi

    for name in WORDS:
        if given.get(name) is not None:
            raise RequestError(
                f"--{name.replace('_', '-')} is for models of songs, and {place} writes music; leave it away"
            )
    if out is None:
        raise RequestError(f"{place} writes music; name a new file by --out, e.g. song.mid")
    model = open_event_model(Path(place))
    first = random.randrange(LARGEST_SEED) if request.seed is None else request.seed
    seeds = [first + number for number in range(request.count)]
    written = model.write(seeds, most_events=MOST_EVENTS, sampling=request.sampling)
    for seed, stream, path in zip(seeds, written, _paths(out, seeds), strict=True):
        _write_new(path, score_to_midi(stream.score))
        notes = sum(len(track.notes) for track in stream.score.tracks)
        click.echo(f"{path}: seed {seed}, {len(stream.ids)} events, {notes} notes, {stream.ending}", err=True)
    found = stream_figures(model.vocabulary, [stream.ids for stream in written])
    click.echo(
        f"{found.refused} of {found.streams} refused by the grammar, {found.out_of_range} out of range", err=True
    )


def _paths(out: Path, seeds: list[int]) -> list[Path]:
    return [out] if len(seeds) == 1 else [out / f"{seed}.mid" for seed in seeds]


def _write_new(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise OutputError(f"{path} is there already; choose a new file") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another place") from error
