"""Takes of many prompts by the starters, made once and kept in a file, for the benches. Does not know who rates them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.contract import LyricRequest, SongRequest
from engine.corpus.snapshots import Take, prompt_of
from engine.music.as_json import lead_sheet_to_json
from engine.song.make_song import make_lyrics, make_song
from engine.song.making import MadeSong, Making, Models
from engine.song.models import SongModels

FORM = "VC"
STYLES = ("pop", "rock", "ballad", "folk", "waltz")
WHAT = tuple(
    """rain|snow|an old letter|the last train|my brother|a lighthouse|the harbour|two sailors|the market|a red balloon
    a broken clock|wild geese|the first day of school|an empty house|a wedding|the long road|my guitar|a candle|the moon
    a kitchen table|the lost ring|a soldier|a garden|the baker|a ship|our dog|the river|a photograph|the bell|a window
    the mountain|a stranger|the fire|a cup of tea|the circus|an oak tree|the swallows|a borrowed coat|the ferry
    a paper boat""".replace("\n", "|").split("|")
)
WHERE = (
    "in winter",
    "at dawn",
    "by the sea",
    "far from home",
    "in the city",
    "after the storm",
    "on a Sunday",
    "at night",
)


def prompts(count: int, *, seed: int = 0) -> list[LyricRequest]:
    """Return different requests for words alone, the same for the same count and seed."""
    chance = random.Random(f"prompts {seed}")
    themes = [f"{what.strip()} {where}" for what in WHAT for where in WHERE]
    chance.shuffle(themes)
    if count > len(themes):
        raise ValueError(f"there are {len(themes)} prompts, and {count} were asked for")
    return [
        LyricRequest(theme=theme, style=STYLES[index % len(STYLES)], form=FORM)
        for index, theme in enumerate(themes[:count])
    ]


def sung(requests: Sequence[LyricRequest]) -> list[SongRequest]:
    """Return the same requests for whole songs."""
    return [SongRequest(theme=request.theme, style=request.style, form=request.form) for request in requests]


def made_takes(
    requests: Sequence[LyricRequest],
    seeds: Sequence[int],
    models: Models,
    kept: Path,
    say: Callable[[str], None] = lambda line: None,
) -> list[Take]:
    """Return a take of each request with each seed, request by request; those that are in the file `kept` are not made again."""
    known = _known(kept)
    found: list[Take] = []
    with kept.open("ab") as file:
        for request in requests:
            for seed in seeds:
                name = _name(request, seed, models)
                if name not in known:
                    known[name] = take_of(request, _made(request, seed, models), name)
                    file.write(known[name].model_dump_json().encode() + b"\n")
                    file.flush()
                found.append(known[name])
            say(f"{len(found)} of {len(requests) * len(seeds)} takes")
    return found


def candidates(
    requests: Sequence[LyricRequest],
    seed: int,
    best_of: int,
    models: SongModels,
    kept: Path,
    say: Callable[[str], None] = lambda line: None,
) -> list[list[Take]]:
    """Return the takes of the words of each request that a judge would choose from, kept like `made_takes`."""
    known = _known(kept)
    found: list[list[Take]] = []
    with kept.open("ab") as file:
        for request in requests:
            names = [f"{_name(request, seed, models)}-{number + 1} of {best_of}" for number in range(best_of)]
            if any(name not in known for name in names):
                heard = _Listener()
                making = Making(seed=seed, models=replace(models, judge=heard), best_of=best_of)  # type: ignore[arg-type]
                made = make_lyrics(request, making)
                for name, text in zip(names, heard.texts, strict=True):
                    known[name] = take_of(request, made, name).model_copy(update={"text": text, "sections": ()})
                    file.write(known[name].model_dump_json().encode() + b"\n")
                file.flush()
            found.append([known[name] for name in names])
            say(f"{len(found)} of {len(requests)} prompts")
    return found


@dataclass
class _Listener:
    """Stands for a judge who likes all alike, and keeps what there was to choose from."""

    texts: list[str] = field(default_factory=list)
    version: str = "listener"

    def score(self, text: str) -> float:
        self.texts.append(text)
        return 0.0


def take_of(request: LyricRequest, made: MadeSong, name: str) -> Take:
    """Return a made song as it would be in a snapshot, under this name."""
    return Take(
        id=name,
        request=request.model_dump(mode="json"),
        seed=made.report.seed,
        versions=made.report.model_versions,
        title=made.report.title,
        text=made.lyrics_text,
        sections=made.report.sections,
        sheet=lead_sheet_to_json(made.sheet) if made.sheet else None,
    )


def _known(kept: Path) -> dict[str, Take]:
    lines = kept.read_bytes().splitlines() if kept.is_file() else []
    return {take.id: take for take in map(Take.model_validate_json, lines)}


def _name(request: LyricRequest, seed: int, models: Models) -> str:
    versions = [models.lyrics.version, *([models.melody.version] if isinstance(request, SongRequest) else [])]
    return "-".join([prompt_of(request.model_dump(mode="json")), str(seed), *(version[:6] for version in versions)])


def _made(request: LyricRequest, seed: int, models: Models) -> MadeSong:
    making = Making(seed=seed, models=models, outputs=())
    return make_song(request, making) if isinstance(request, SongRequest) else make_lyrics(request, making)
