"""Promises of the ladder: it falls, every family pays for the same bytes, uniform costs log2 of the vocabulary, it can be seen."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bot.terminal.evaluate import evaluate
from engine.corpus.prepared_songs import write_songs
from engine.errors import OutputError, RequestError
from engine.evaluation.ladder_picture import draw_ladder
from engine.evaluation.lyric_baselines import CHAINS, HeldOut, Rung, chain_rungs, drawn, measure_baselines, within
from engine.evaluation.lyric_likelihood import Likelihood
from engine.lyrics.characters import ESCAPE_BITS, Characters
from engine.lyrics.markov import MarkovChain
from engine.lyrics.markov_model import chain_bits
from engine.lyrics.plain_songs import PlainSection, PlainSong, body_start
from engine.lyrics.text_models import open_text_model
from engine.training.markov import train_markov
from engine.training.text_training import TextTraining
from tests.engine.lyrics.written_songs import made_up_songs, prepare


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough songs that long contexts pay."""
    return prepare(tmp_path_factory.mktemp("data"), train=300, valid=12, test=12)


@pytest.fixture(scope="module")
def ladder(data: Path) -> dict[str, list[float]]:
    rungs = measure_baselines(data, texts=0)
    return {split: [r.likelihood.bits_per_byte for r in rungs if r.split == split] for split in ("valid", "test")}


def counted(data: Path, out: Path, order: int | None) -> Path:
    return train_markov(TextTraining("markov", data, out, order=order), lambda line: None)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_the_ladder_falls_on_held_out_songs(ladder: dict[str, list[float]], split: str) -> None:
    uniform, unigram, bigram, *longer, last = ladder[split]
    assert uniform > unigram + 0.5
    assert unigram > bigram + 0.5
    assert bigram > last + 0.5
    assert longer == sorted(longer, reverse=True)
    assert len(ladder[split]) == len(CHAINS)


@pytest.mark.parametrize("order", [-1, 0, 1, 6])
def test_a_model_of_counts_stands_where_its_rung_is(
    data: Path, tmp_path: Path, ladder: dict[str, list[float]], order: int
) -> None:
    path = counted(data, tmp_path, order)
    rungs = measure_baselines(data, models=[(str(path), open_text_model(path))], texts=0, splits=["valid"])
    assert rungs[-1].model == f"markov {path}"
    assert rungs[-1].likelihood.bits_per_byte == pytest.approx(ladder["valid"][list(CHAINS).index(order)])
    assert len({(r.likelihood.byte_count, r.likelihood.ids, r.likelihood.texts) for r in rungs}) == 1


def test_uniform_costs_the_vocabulary_for_every_character_and_the_end(data: Path, tmp_path: Path) -> None:
    model = open_text_model(counted(data, tmp_path, -1))
    songs = [song.text() for song in made_up_songs(3, 4)]
    characters = [len(song) - song.index("\n") - 1 for song in songs]
    expected = [(count + 1) * math.log2(model.tokenizer.vocab_size) for count in characters]
    assert model.bits(songs) == pytest.approx(expected)
    assert model.bits([song[song.index("\n") + 1 :] for song in songs]) == pytest.approx(expected)


def test_a_heading_costs_nothing_and_is_read(data: Path, tmp_path: Path) -> None:
    model = open_text_model(counted(data, tmp_path, 6))
    body = made_up_songs(1, 4)[0].body()
    headed = [f"<<{artist} - Home 1>>\n{body}" for artist in ("Ann Harbour", "Bob Hill", "Somebody Whose Name Is Long")]
    whole = sum(model.bits(["x" + text])[0] for text in headed)  # no heading any more: all of it is paid for
    assert whole > sum(model.bits(headed)) + 100
    assert model.bits(headed)[0] != model.bits([body])[0]


def test_a_character_that_nobody_has_seen_costs_its_name(data: Path, tmp_path: Path) -> None:
    model = open_text_model(counted(data, tmp_path, 0))
    plain, strange, twice = model.bits(["sea\n", "sea月\n", "sea月月\n"])
    assert strange - plain > ESCAPE_BITS
    assert twice - strange == pytest.approx(strange - plain)


def test_bytes_are_those_of_the_body_in_utf_8() -> None:
    part = HeldOut("test", ["<<Ann - Sea>>\nthé\n", "月\n"])
    assert part.byte_count == len("thé\n月\n".encode()) == 9
    assert part.ids == len("thé\n") + 1 + len("月\n") + 1


def test_the_order_is_chosen_on_the_validation_songs(data: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    songs = made_up_songs(40)
    write_songs(small, "train", songs[:4])
    write_songs(small, "valid", songs[4:20])
    told: list[str] = []
    path = train_markov(TextTraining("markov", small, tmp_path / "out"), told.append)
    model = open_text_model(path)
    texts = [song.text() for song in songs[4:20]]
    found = {
        order: sum(open_text_model(counted(small, tmp_path / f"o{order}", order)).bits(texts)) for order in range(-1, 7)
    }
    assert sum(model.bits(texts)) == pytest.approx(min(found.values()))
    assert min(found.values()) < found[6]
    assert any("is kept" in line for line in told)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"order": 13}, "-1 .* 12"),
        ({"order": -2}, "-1 .* 12"),
        ({"base": "x"}, "no base"),
        ({"with_artist": True}, "heading"),
    ],
)
def test_what_counts_do_not_have_is_said(data: Path, tmp_path: Path, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        train_markov(TextTraining("markov", data, tmp_path, **wrong), lambda line: None)  # type: ignore[arg-type]  # each of its type


def test_songs_in_any_script_have_a_ladder() -> None:
    rng = np.random.default_rng(0)
    words = ["明月", "幾時有", "把酒", "問青天", "不知", "天上"]

    def song(number: int) -> str:
        lines = tuple("".join(rng.choice(words, 3)) for _ in range(8))
        return PlainSong("苏轼", f"词 {number}", (PlainSection("", lines),)).text()

    rungs = chain_rungs([song(n) for n in range(60)], [HeldOut("valid", [song(n) for n in range(6)])])
    uniform, unigram, bigram, *_ = (rung.likelihood.bits_per_byte for rung in rungs)  # words know no longer context
    assert uniform > unigram > bigram


def test_a_closed_alphabet_leaves_nothing_for_unknown_characters() -> None:
    part = HeldOut("valid", ["abba\n"])
    closed = chain_rungs(["abab\n"] * 3, [part], alphabet="ab\n")
    assert closed[0].likelihood.bits == pytest.approx(6 * math.log2(4))
    assert chain_rungs(["abab\n"] * 3, [part])[0].likelihood.bits == pytest.approx(6 * math.log2(5))


def test_a_shorter_chain_is_measured_inside_the_longer_one() -> None:
    characters, texts = Characters.learn(["abc\n"]), ["abc\nab\n", "cab\n"]
    long, short = (MarkovChain.learn(characters.join(texts), order, characters.choices) for order in (4, 2))
    assert chain_bits(long, characters, "abcab\n", 2) == pytest.approx(chain_bits(short, characters, "abcab\n"))


def test_draws_are_the_same_every_time_and_in_order() -> None:
    texts = [f"{n}\n" for n in range(50)]
    assert drawn(texts, 7) == drawn(texts, 7)
    assert sorted(drawn(texts, 7), key=lambda text: int(text)) == drawn(texts, 7)
    assert drawn(texts, 0) == texts
    assert len("".join(within(texts, 30)).encode()) <= 30
    assert sorted(within(texts, 0)) == sorted(texts)


def test_the_ladder_is_printed_and_drawn(data: Path, tmp_path: Path) -> None:
    model, picture = counted(data, tmp_path, 1), tmp_path / "ladder.png"
    given = [
        "baselines",
        "--data",
        str(data),
        "--texts",
        "3",
        "--model",
        str(model),
        "--json",
        "--picture",
        str(picture),
    ]
    result = CliRunner().invoke(evaluate, given, catch_exceptions=False)
    rows = json.loads(result.stdout)["rows"]
    assert len(rows) == 2 * (len(CHAINS) + 1)
    assert {row["songs"] for row in rows} == {3}
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_is_missing_is_said(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no train\.jsonl\.gz"):
        measure_baselines(tmp_path)
    with pytest.raises(OutputError, match="picture"):
        draw_ladder([Rung("one", "valid", Likelihood(1.0, 1, 1, 1))], tmp_path / "no folder" / "x.png")


def test_body_starts_after_a_heading_and_nowhere_else() -> None:
    assert body_start("<<Ann - Sea>>\nsea") == len("<<Ann - Sea>>\n")
    assert body_start("<<Ann - Sea>>") == len("<<Ann - Sea>>")
    assert body_start("sea\n<<Ann - Sea>>\n") == body_start("") == body_start("[Chorus]\n") == 0
