"""`train music`, `sample` with a model of music, `evaluate music` and `benchmark jsb16`, from the command line to files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.terminal.benchmark import benchmark
from bot.terminal.evaluate import evaluate
from bot.terminal.sample import sample
from bot.terminal.train import train
from bot.terminal.train_music import TAKES
from engine.corpus.chorale_steps import read_chorale_steps
from engine.errors import FileFormatError, RequestError
from engine.evaluation import benchmarks, jsb16
from engine.evaluation.event_streams import stream_figures
from engine.evaluation.jsb16 import Jsb16Run, baseline_row, run_family
from engine.music.four_voices import FourVoices
from engine.music.midi_reading import midi_to_score
from engine.music.music_models import MUSIC_FAMILIES
from engine.music.note_events import NoteEvents
from tests.engine.training.test_event_models import write_midi_folder

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
TINY = ["--hidden", "32", "--layers", "1", "--steps", "2", "--every", "2", "--row-events", "32", "--batch-rows", "2"]


def test_every_music_family_that_is_trained_here_has_its_options() -> None:
    assert {name for name, family in MUSIC_FAMILIES.items() if family.train} <= set(TAKES)


@pytest.mark.parametrize("vocabulary", ["note-events", "multitrack-events"])
def test_from_midi_files_to_midi_files(tmp_path: Path, vocabulary: str) -> None:
    data, out, songs = write_midi_folder(tmp_path / "midi"), tmp_path / "run", tmp_path / "songs"
    asked = ["music", "--family", "transformer-xl", "--data", str(data), "--out", str(out), "--vocabulary", vocabulary]
    trained = CliRunner().invoke(train, [*asked, *TINY], catch_exceptions=False)
    assert f"wrote {out / 'checkpoint'}" in trained.output
    made = CliRunner().invoke(
        sample, [str(out / "checkpoint"), "--count", "3", "--seed", "5", "--out", str(songs)], catch_exceptions=False
    )
    assert "0 of 3 refused by the grammar, 0 out of range" in made.stderr
    assert sorted(path.name for path in songs.iterdir()) == ["5.mid", "6.mid", "7.mid"]
    midi_to_score((songs / "5.mid").read_bytes())
    counted = CliRunner().invoke(
        evaluate,
        ["streams", str(out / "checkpoint"), "--count", "4", "--events", "40", "--json"],
        catch_exceptions=False,
    )
    (figures,) = json.loads(counted.output)["rows"]
    assert (figures["streams"], figures["refused"], figures["out_of_range"]) == (4, 0, 0)
    with pytest.raises(RequestError, match="--title is for models of songs"):
        CliRunner().invoke(
            sample, [str(out / "checkpoint"), "--title", "x", "--out", str(tmp_path / "a.mid")], catch_exceptions=False
        )


def test_an_option_of_another_family_is_named(tmp_path: Path) -> None:
    for family, option in (("composer", "--hidden"), ("hf-causal", "--mask-steps"), ("transformer-xl", "--accumulate")):
        with pytest.raises(RequestError, match=f"{option} means nothing to the family {family}"):
            CliRunner().invoke(
                train, ["music", "--family", family, "--data", "x", "--out", str(tmp_path), option, "2"],
                catch_exceptions=False,
            )  # fmt: skip


def test_streams_that_leave_the_grammar_or_the_range_are_counted() -> None:
    vocabulary = NoteEvents()
    good = vocabulary.ids("xxbos xxpad n60 d4 n52 d8 xxeos")
    found = stream_figures(vocabulary, [good, good[:-1], [*good, 5], good[:4]], low=55)
    assert (found.streams, found.refused, found.out_of_range, found.finished) == (4, 1, 2, 1)


@pytest.fixture
def chorales(tmp_path: Path) -> Path:
    """A file of short chorales in the form of the benchmark's, some voices silent at times."""

    def chorale(number: int) -> list[list[float]]:
        return [
            [float(72 + (t // 4 + number) % 5), 67.0, 60.0, float("nan") if t < 2 else 48.0] for t in range(16 + number)
        ]

    splits = {"train": [chorale(n) for n in range(6)], "valid": [chorale(7)], "test": [chorale(8), chorale(9)]}
    (tmp_path / "jsb-chorales-16th.json.gz").write_bytes(gzip.compress(json.dumps(splits).encode()))
    return tmp_path


def test_steps_come_back_from_their_ids(chorales: Path) -> None:
    vocabulary = FourVoices()
    for chorale in read_chorale_steps(chorales)["train"]:
        ids = vocabulary.ids(chorale)
        assert (vocabulary.steps(ids) == chorale).all()
        assert vocabulary.transpose(vocabulary.transpose(ids, 3), -3) == ids
        assert vocabulary.onsets(ids)[1:9].tolist() == [0] * 4 + [1] * 4


def test_both_families_get_a_row_on_chorales(chorales: Path) -> None:
    run = Jsb16Run(chorales, chorales / "runs", steps=2, hidden=32, layers=1)
    for family in jsb16.FAMILIES:
        row = run_family(run, family, lambda text: None)
        assert 0 < row.nll_per_frame < 4 * 6
        assert row.command == f"songwright benchmark jsb16 --run --family {family} --steps 2 --seed 0"
    assert 0 < baseline_row(chorales).nll_per_frame < row.nll_per_frame


def test_the_recorded_table_is_shown(chorales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = chorales / "record.json"
    benchmarks.record("jsb16", [baseline_row(chorales)], record)
    monkeypatch.setattr("bot.terminal.benchmark_jsb16.read_record", lambda: benchmarks.read_record(record))
    shown = CliRunner().invoke(benchmark, ["jsb16", "--json"], catch_exceptions=False)
    assert json.loads(shown.output)["rows"][0]["name"] == "counted, each voice after itself"


def test_a_folder_without_chorales_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"has no jsb-chorales-16th\.json\.gz"):
        read_chorale_steps(tmp_path)
