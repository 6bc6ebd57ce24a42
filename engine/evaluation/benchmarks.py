"""The papers' table of piano-roll likelihood (METRICS 1): published rows, counting baselines, and our recorded rows.

Does not know how networks are built or trained; `benchmark_runs` fills the record that is read here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from engine.corpus.piano_rolls import RollCorpus
from engine.errors import OutputError, RequestError
from engine.evaluation.piano_roll_likelihood import FrameLikelihood, Nats, likelihood, markov_nats, unigram_nats

League = Literal["independent", "dependent"]
RECORD = Path(__file__).with_name("benchmarks.json")


@dataclass(frozen=True)
class Row:
    """One line of the table, on the test split.

    nll_per_frame: nats, over all frames. nll_per_frame_from_second: over all but the first of each piece. None where
    it was not reported, or the model does not predict it. league: whether keys are independent given the past. source:
    where the figure is from. without_heard: as the first two, without the test pieces that are also in training; None where
    there are none.

    Of ours alone: how it came about. valid_nll_per_frame: what the checkpoint was chosen by. checkpoint: its digest.
    """

    name: str
    league: League
    nll_per_frame: float | None
    source: str
    nll_per_frame_from_second: float | None = None
    without_heard: dict[str, float | None] | None = None
    split: str = "test"
    ours: bool = False
    command: str | None = None
    recipe: str | None = None
    seed: int | None = None
    seconds: int | None = None
    checkpoint: str | None = None
    parameters: int | None = None
    valid_nll_per_frame: float | None = None


@dataclass(frozen=True)
class Benchmark:
    """A file of piano rolls and what the papers reported on it. recipes: of our rows."""

    name: str
    file: str
    published: tuple[Row, ...]
    recipes: tuple[str, ...]


CHUNG, BAI, BOULANGER = "Chung et al. 2014", "Bai et al. 2018, table 1", "Boulanger-Lewandowski et al. 2012"
PUBLISHED: tuple[tuple[str, League, str, dict[str, float]], ...] = (
    ("tanh RNN", "independent", CHUNG, {"nottingham": 3.13, "jsb": 9.10}),
    ("GRU", "independent", CHUNG, {"nottingham": 3.23, "jsb": 8.54}),
    ("LSTM", "independent", CHUNG, {"nottingham": 3.20, "jsb": 8.67}),
    ("LSTM", "independent", BAI, {"nottingham": 3.29, "jsb": 8.45}),
    ("GRU", "independent", BAI, {"nottingham": 3.46, "jsb": 8.43}),
    ("RNN", "independent", BAI, {"nottingham": 4.05, "jsb": 8.91}),
    ("TCN", "independent", BAI, {"nottingham": 3.07, "jsb": 8.10}),
    ("RNN-RBM", "dependent", BOULANGER, {"nottingham": 2.39, "jsb": 6.27}),
    ("RNN-NADE", "dependent", BOULANGER, {"nottingham": 2.31, "jsb": 5.56}),
)


def _benchmark(name: str, file: str) -> Benchmark:
    published = tuple(Row(model, league, nats[name], source) for model, league, source, nats in PUBLISHED)
    return Benchmark(name, file, published, (f"{name}-independent", f"{name}-nade"))


BENCHMARKS = {"nottingham": _benchmark("nottingham", "Nottingham.mat"), "jsb": _benchmark("jsb", "JSB_Chorales.mat")}


def table(name: str, corpus: RollCorpus | None = None) -> list[Row]:
    """Return all rows of a benchmark. The sanity rows are computed where the corpus is there, else as recorded."""
    recorded = read_record().get(name, [])
    sanity = [row for row in recorded if not row.ours] if corpus is None else sanity_rows(corpus)
    return [*sanity, *BENCHMARKS[name].published, *(row for row in recorded if row.ours)]


def sanity_rows(corpus: RollCorpus) -> list[Row]:
    """Return the counting baselines: 10.25 on Nottingham and 11.06 on JSB, else a file or a sum is not the papers'."""
    train, test = corpus.pieces["train"], corpus.pieces["test"]
    source = f"counted on {corpus.name}.mat"
    return [
        row_of(corpus, unigram_nats(train, test), name="unigram", league="independent", source=source),
        row_of(corpus, markov_nats(train, test), name="Markov, each key after itself", league="independent", source=source),
    ]  # fmt: skip


def row_of(corpus: RollCorpus, nats: Sequence[Nats], **facts: Any) -> Row:
    """Return the row of a model by the nats of every test frame."""
    whole, heard = likelihood(nats), corpus.heard_in_training("test")
    without = {**_figures(likelihood(nats, heard)), "pieces_left_out": len(heard)} if heard else None
    return Row(**_figures(whole), without_heard=without, **facts)


def _figures(found: FrameLikelihood) -> dict[str, Any]:
    return {"nll_per_frame": _rounded(found.all_frames), "nll_per_frame_from_second": _rounded(found.from_second)}


def _rounded(nats: float) -> float | None:
    return round(nats, 4) if nats == nats else None


def find_data(benchmark: Benchmark, folder: Path | None, usual: Sequence[Path]) -> Path | None:
    """Return the benchmark's file in a folder, or in the first usual one that has it; None where none has.

    RequestError where a folder was named and has none.
    """
    if folder is not None and not (folder / benchmark.file).is_file():
        raise RequestError(f"{folder} has no {benchmark.file}; name the folder of the papers' files by --data")
    places = [folder] if folder is not None else usual
    return next((place / benchmark.file for place in places if (place / benchmark.file).is_file()), None)


def read_record(path: Path = RECORD) -> dict[str, list[Row]]:
    """Return the recorded rows by benchmark; none where nothing was recorded."""
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {name: [Row(**row) for row in rows] for name, rows in found.items()}


def record(name: str, rows: Sequence[Row], path: Path = RECORD) -> None:
    """Write rows of one benchmark down: those of the same name and recipe are replaced, all others stay. OutputError."""
    found = read_record(path)
    new = {(row.name, row.recipe): row for row in rows}
    kept = [row for row in found.get(name, []) if (row.name, row.recipe) not in new]
    found[name] = sorted([*kept, *new.values()], key=lambda row: (row.ours, row.league != "independent", row.name))
    draft = path.with_name(f".{path.name}")
    try:
        text = json.dumps({name: [asdict(row) for row in rows] for name, rows in sorted(found.items())}, indent=2)
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise OutputError(f"the record {path} cannot be written ({error.strerror}); record from a checkout") from error
