"""Promises of tuning models of plain songs on ratings, kept by a tiny GPT-2 and a tiny Llama."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trl")
torch = pytest.importorskip("torch")

from engine.checkpoint import open_checkpoint, write_checkpoint  # noqa: E402
from engine.corpus.snapshots import Snapshot  # noqa: E402
from engine.errors import Cancelled, RequestError  # noqa: E402
from engine.lyrics.plain_songs import read_plain_song  # noqa: E402
from engine.lyrics.text_models import open_text_model, writes_plain_songs  # noqa: E402
from engine.training.base_models import digest_of, open_base  # noqa: E402
from engine.training.hf_causal import open_to_train  # noqa: E402
from engine.training.plain_preference import plain_shape, tune_plain  # noqa: E402
from engine.training.preference import SMALL, Method, Tuning, rated_rows  # noqa: E402
from engine.training.preference_run import WATCHED_ROWS  # noqa: E402
from engine.training.preference_trainers import OBJECTIVES, Objective, kl_per_id, log_probabilities, rows_of  # noqa: E402
from engine.training.rated_plain_songs import RatedPlainSongs  # noqa: E402
from engine.training.rated_rows import Preferred  # noqa: E402
from tests.rated_plain_songs import plain_ratings, section, take  # noqa: E402
from tests.tiny_hf_models import CONTEXT  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="session")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return plain_ratings(tmp_path_factory.mktemp("snapshots"))


@pytest.fixture
def tuning(bases: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tuning:
    """Return eight updates of the tiny GPT-2, without the picture, which takes longer than they."""
    monkeypatch.setattr("engine.training.preference_run.draw_losses", lambda *_, **__: None)
    return Tuning("lyrics", bases["gpt2"], tmp_path / "run", steps=8, rate=3e-3, kl_limit=100.0, threads=1, judged=0)


def silent(text: str) -> None:
    """Say nothing."""


def encoder(model: Path) -> RatedPlainSongs:
    base = open_base(str(model))
    return RatedPlainSongs(base.tokenizer, base.context_length)


def odds_of_held_out(model: Path, ratings: Snapshot) -> tuple[float, float]:
    """Return the mean nats per id of what was liked and of what was not, of prompts that nothing was learned from."""
    pairs = [p for p in rated_rows(ratings, "test", "dpo", encoder(model).encode) if isinstance(p, Preferred)]
    assert len(pairs) >= 5
    odds = log_probabilities(
        open_to_train(open_base(str(model))).eval(), [row for pair in pairs for row in rows_of(pair)]
    )
    liked, other = (
        fmean(odds[row] / sum(row.learned) for row in rows)
        for rows in ([pair.chosen for pair in pairs], [pair.rejected for pair in pairs])
    )
    return liked, other


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("architecture", "method"), [("gpt2", "full"), ("llama", "lora")])
def test_what_people_like_becomes_likelier_than_what_they_do_not(
    architecture: str, method: Method, objective: Objective, tuning: Tuning, bases: dict[str, Path], ratings: Snapshot
) -> None:
    parent = bases[architecture]
    made = tune_plain(replace(tuning, parent=parent, objective=objective, method=method), ratings, silent)
    (liked_before, other_before), (liked, other) = odds_of_held_out(parent, ratings), odds_of_held_out(made, ratings)
    assert liked - other > liked_before - other_before + 0.03
    if objective == "sft":
        assert liked > liked_before
    else:
        assert other < other_before


@pytest.mark.parametrize(("architecture", "method"), [("gpt2", "lora"), ("llama", "full")])
def test_a_candidate_is_a_whole_model_of_plain_songs_and_its_card_says_how_it_came_to_be(
    architecture: str, method: Method, tuning: Tuning, bases: dict[str, Path], ratings: Snapshot
) -> None:
    parent = bases[architecture]
    made = open_checkpoint(tune_plain(replace(tuning, parent=parent, method=method), ratings, silent))
    card = made.card
    assert made.family == "hf-causal"
    assert card["parent"] == {"name": str(parent), "digest": digest_of(parent), "type": architecture}
    assert (card["snapshot"], card["objective"], card["method"]) == (ratings.digest, "dpo", method)
    assert card["rows"]["train"]["better"] == card["rows"]["train"]["worse"] == len(ratings.of("train")) / 2
    assert "whichever model" in card["learned_from"]
    asked = json.loads((parent / "config.json").read_text())
    assert {name: made.config[name] for name in asked if name != "transformers_version"} == {
        **{name: value for name, value in asked.items() if name != "transformers_version"}, "use_cache": True
    }  # fmt: skip
    model = open_text_model(made.directory, threads=1)
    assert model.bits(["<<Unknown - Song>>\n[Verse 1]\nriver moon\n"])[0] > 0

    valid = rated_rows(ratings, "valid", "dpo", encoder(parent).encode)
    watched = [row for pair in valid[:WATCHED_ROWS] for row in rows_of(pair)]
    before, after = (open_to_train(open_base(str(path))).eval() for path in (parent, made.directory))
    assert kl_per_id(after, before, watched) == pytest.approx(card["kl_per_id"], abs=1e-5)
    assert card["kl_per_id"] > 0


def test_half_weights_stay_half(tuning: Tuning, bases: dict[str, Path], ratings: Snapshot, tmp_path: Path) -> None:
    half = tmp_path / "half"
    for file in ("tokenizer.json", "tokenizer_config.json"):
        half.mkdir(exist_ok=True)
        (half / file).write_bytes((bases["llama"] / file).read_bytes())
    open_to_train(open_base(str(bases["llama"]))).half().save_pretrained(half)
    made = open_checkpoint(tune_plain(replace(tuning, parent=half, steps=2), ratings, silent))
    assert {weight.dtype for weight in made.read_weights().values()} == {np.dtype(np.float16)}
    assert made.config["dtype"] == "float16"


def test_a_candidate_is_tuned_further_and_keeps_its_licence(
    tuning: Tuning, bases: dict[str, Path], ratings: Snapshot, tmp_path: Path
) -> None:
    base = open_base(str(bases["gpt2"]))
    weights, config = (base.directory / name for name in ("model.safetensors", "config.json"))
    from safetensors.numpy import load_file

    first = write_checkpoint(
        tmp_path / "first", load_file(weights), json.loads(config.read_text()), base.tokenizer_json,
        {"licence": "CC0-1.0"}, family="hf-causal", more_files=base.files,
    )  # fmt: skip
    second = open_checkpoint(tune_plain(replace(tuning, parent=first.directory, steps=2), ratings, silent))
    assert (second.card["parent"]["digest"], second.card["licence"]) == (first.digest, "CC0-1.0")


def test_large_models_are_tuned_by_lora_a_few_rows_at_once_and_small_ones_whole(tuning: Tuning) -> None:
    small, large = plain_shape(tuning, SMALL), plain_shape(tuning, SMALL + 1)
    assert (small.lora_rank, small.rows_at_once) == (0, None)
    assert large.lora_rank > 0
    assert large.rows_at_once is not None
    assert plain_shape(replace(tuning, method="full"), SMALL + 1).lora_rank == 0


def test_rows_a_few_at_once_give_the_same_model(
    tuning: Tuning, bases: dict[str, Path], ratings: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = replace(tuning, parent=bases["llama"], method="full")
    whole = odds_of_held_out(tune_plain(asked, ratings, silent), ratings)
    monkeypatch.setattr("engine.training.plain_preference.SMALL", 0)
    told: list[str] = []
    few = tune_plain(replace(asked, out=tuning.out.with_name("few")), ratings, told.append)
    assert open_checkpoint(few).card["options"]["rows_at_once"] == 4
    assert odds_of_held_out(few, ratings) == pytest.approx(
        whole, abs=0.02
    )  # bfloat16 rounds sums of other parts otherwise


def interrupting(at_step: int) -> Callable[[str], None]:
    """Return a report that presses Ctrl-C when it is told of a step."""

    def report(text: str) -> None:
        if text.startswith("{") and json.loads(text)["step"] == at_step and "loss" in json.loads(text):
            os.kill(os.getpid(), signal.SIGINT)

    return report


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_stopped_run_goes_on_and_gives_what_it_would_have_given(
    method: Method, tuning: Tuning, ratings: Snapshot
) -> None:
    asked = replace(tuning, method=method)
    with pytest.raises(Cancelled, match="--resume goes on"):
        tune_plain(asked, ratings, interrupting(5))
    assert not (asked.out / "checkpoint").exists()
    with pytest.raises(RequestError, match="begun with --objective dpo"):
        tune_plain(replace(asked, resume=True, objective="kto"), ratings, silent)
    resumed = tune_plain(replace(asked, resume=True), ratings, silent)
    whole = tune_plain(replace(asked, out=tuning.out.with_name("whole")), ratings, silent)
    assert open_checkpoint(resumed).digest == open_checkpoint(whole).digest
    assert tune_plain(replace(asked, resume=True), ratings, silent) == resumed  # and once more is nothing


def test_a_run_that_goes_too_far_at_once_gives_no_candidate(tuning: Tuning, ratings: Snapshot) -> None:
    with pytest.raises(RequestError, match="smaller --rate"):
        tune_plain(replace(tuning, kl_limit=1e-9), ratings, silent)
    assert not (tuning.out / "checkpoint").exists()


@pytest.mark.parametrize(
    ("changes", "told"), [({"judged": 5}, "--judged must be 0.*got 5"), ({"adapter": True}, "leave --adapter away")]
)
def test_what_is_for_planned_models_alone_is_refused(
    changes: dict[str, Any], told: str, tuning: Tuning, ratings: Snapshot
) -> None:
    with pytest.raises(RequestError, match=told):
        tune_plain(replace(tuning, **changes), ratings, silent)


def test_other_families_and_too_few_ratings_are_refused(tuning: Tuning, ratings: Snapshot, tmp_path: Path) -> None:
    counts = write_checkpoint(
        tmp_path / "m", {"counts": np.zeros(3, np.float32)}, {"model_type": "markov"}, b"{}", {}, family="markov"
    )
    assert writes_plain_songs(counts.directory)
    with pytest.raises(RequestError, match="family markov, which is not tuned"):
        tune_plain(replace(tuning, parent=counts.directory), ratings, silent)
    with pytest.raises(RequestError, match="wait for more ratings"):
        tune_plain(tuning, replace(ratings, judgements=ratings.judgements[:3]), silent)


def test_events_are_no_plain_songs(tmp_path: Path) -> None:
    events = write_checkpoint(
        tmp_path / "m", {"w": np.zeros(3, np.float32)}, {"model_type": "gpt2"}, None, {}, family="hf-causal"
    )
    assert not writes_plain_songs(events.directory)


def test_heading_is_given_and_labels_lines_and_end_are_learned(bases: dict[str, Path]) -> None:
    base = open_base(str(bases["llama"]))
    row = RatedPlainSongs(base.tokenizer, 1000).encode(take(7, is_liked=True))
    assert row is not None
    given, learned = (
        [i for i, chosen in zip(row.ids, row.learned, strict=True) if chosen is mine] for mine in (False, True)
    )
    assert base.tokenizer.decode(given) == "<<Unknown - Song 7>>\n"
    assert base.tokenizer.decode(learned).startswith("[Verse 1]\n")
    assert row.prompt == len(given)
    assert row.ids[-1] == base.tokenizer.end_id
    song = read_plain_song(base.tokenizer.decode(row.ids))
    assert song.lines == tuple(line.text for line in take(7, is_liked=True).sections[0].lines)


def test_a_chorus_stands_as_often_as_it_is_sung_and_parts_without_words_not_at_all(bases: dict[str, Path]) -> None:
    base = open_base(str(bases["gpt2"]))
    verse, chorus = section("Verse 1", "river moon"), section("Chorus", "silver night", "silver rain")
    sung = take(1, is_liked=True).model_copy(update={"sections": (section("Intro"), verse, chorus, chorus)})
    asked = {**sung.request, "artist": "Robert Burns"}
    row = RatedPlainSongs(base.tokenizer, 1000).encode(sung.model_copy(update={"request": asked}))
    assert row is not None
    song = read_plain_song(base.tokenizer.decode(row.ids))
    assert (song.artist, song.title) == ("Robert Burns", "Song 1")
    assert [part.label for part in song.sections] == ["Verse 1", "Chorus", "Chorus"]


def test_of_a_song_too_long_for_the_context_the_beginning_is_learned(bases: dict[str, Path]) -> None:
    long = take(1, is_liked=True).model_copy(update={"sections": (section("Verse 1", *["river moon silver"] * 40),)})
    row = encoder(bases["gpt2"]).encode(long)
    assert row is not None
    assert len(row.ids) == len(row.learned) == CONTEXT
    assert row.learned[-1]
    titled = long.model_copy(update={"title": "river " * 100})
    assert encoder(bases["gpt2"]).encode(titled) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"request": {"kind": "words", "lyrics": "La la\n"}},
        {"request": {"kind": "lyrics", "theme": "月光"}},
        {"request": {"kind": "lyrics", "theme": "rain", "an option of yore": 1}},
        {"sections": ()},
    ],
)
def test_a_members_own_words_chinese_ones_and_none_teach_nothing(
    changes: dict[str, Any], bases: dict[str, Path]
) -> None:
    assert encoder(bases["gpt2"]).encode(take(1, is_liked=True).model_copy(update=changes)) is None
