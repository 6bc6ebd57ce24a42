"""What is kept of a corpus is enough to know every long run and every whole line again, and no more than needed."""

from __future__ import annotations

import hashlib
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus import memory as module
from engine.corpus.memory import places_to_keep, remember, remember_texts
from engine.corpus.prepared_songs import write_songs
from engine.corpus.records import split_of
from engine.errors import CheckpointError, RequestError
from engine.evaluation.memorisation import TrainingText
from engine.lyrics.memory_filter import FEWEST_OF_LINE, FEWEST_SHARED, RUN_WORDS, MemoryFilter, MemoryGuard
from engine.lyrics.plain_songs import PlainSection, PlainSong

LINES = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=11).map(" ".join), max_size=8)
TEXTS = st.lists(LINES, min_size=1, max_size=4)


def runs_in(memory: MemoryFilter, words: list[str]) -> int:
    return MemoryGuard(memory).learned([], [words])[0]


@given(TEXTS, st.data())
def test_every_run_of_eight_words_of_a_text_is_known_over_line_ends_too(texts: list[list[str]], data) -> None:
    memory = remember_texts(texts)
    words = " ".join(data.draw(st.sampled_from(texts))).split()
    for start in range(len(words) - FEWEST_SHARED + 1):
        assert runs_in(memory, words[start : start + FEWEST_SHARED])


@given(TEXTS)
def test_every_line_of_five_words_or_more_is_known(texts: list[list[str]]) -> None:
    memory = remember_texts(texts)
    for line in (line.split() for lines in texts for line in lines):
        assert len(line) < FEWEST_OF_LINE or runs_in(memory, line)


@given(st.lists(st.integers(0, 9), max_size=3).filter(lambda lengths: sum(lengths) <= 14))
def test_no_fewer_places_would_do(lengths: list[int]) -> None:
    total, starts = sum(lengths), np.cumsum([0, *lengths])
    wanted = [range(p, p + FEWEST_SHARED - RUN_WORDS + 1) for p in range(total - FEWEST_SHARED + 1)]
    wanted += [range(s, s + n - RUN_WORDS + 1) for s, n in zip(starts, lengths, strict=False) if n >= FEWEST_OF_LINE]
    kept = places_to_keep(lengths)

    def will_do(places: tuple[int, ...] | list[int]) -> bool:
        return all(any(place in one for place in places) for one in wanted)

    assert will_do(kept)
    assert not kept or not any(will_do(fewer) for fewer in combinations(range(total), len(kept) - 1))


@given(LINES, LINES)
def test_the_guard_is_never_kinder_than_the_exact_index(text: list[str], sung: list[str]) -> None:
    """What the guard lets pass has no run of eight and no line of five by the figures of `evaluate songs`."""
    memory, exact = remember_texts([text]), TrainingText.build([text])
    before: list[list[str]] = []
    kept = []
    for line in sung:
        if line and not MemoryGuard(memory).learned(before, [line.split()])[0]:
            before.append(line.split())
            kept.append(line)
    assert exact.longest_run(kept)[0] < FEWEST_SHARED
    assert exact.verbatim_line_share(kept) in (0.0,) or not kept


def test_words_that_were_never_in_the_texts_are_nearly_always_new() -> None:
    memory = remember_texts([[f"a{n} b{n} c{n} d{n} e{n} f{n}" for n in range(2000)]])
    found = MemoryGuard(memory).learned([], [[f"x{n}", "b", "c", "d", f"e{n}"] for n in range(4000)])
    assert sum(map(bool, found)) < 4000 / 128


def test_order_and_punctuation_do_not_matter_to_what_is_known() -> None:
    memory = remember_texts([["The rain, it raineth -", "EVERY day!"]])
    assert runs_in(memory, "the rain it raineth every day".split()) == 0  # six words in a row are no long run
    assert runs_in(remember_texts([["'Tis the rain, it raineth!"]]), "tis the rain it raineth".split())


def test_what_the_asker_typed_is_nobody_elses() -> None:
    memory = remember_texts([["twinkle twinkle little star tonight"]])
    line = "twinkle twinkle little star tonight".split()
    assert MemoryGuard(memory).learned([], [line]) == [1]
    assert MemoryGuard(memory, own=["Twinkle, twinkle: little star tonight"]).learned([], [line]) == [0]
    assert MemoryGuard(memory, own=["twinkle twinkle"]).learned([], [line]) == [1]


def test_lines_before_count_with_the_line_and_not_by_themselves() -> None:
    memory = remember_texts([["one two three four five six seven eight nine ten"]])
    whole = "one two three four five six seven eight nine ten".split()
    guard = MemoryGuard(memory)
    assert guard.learned([whole], [["new", "words"], ["other"]]) == [0, 0]
    assert guard.learned([whole[:4]], [whole[4:8], ["new"]])[0] > 0
    assert guard.learned([], []) == []
    assert guard.learned([["a"], ["b"]], [["c"]]) == [0]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "songs.jsonl"
    rows = [
        {"id": f"s{n}", "text": f"only song {n} says these very words\n[Chorus]\nagain and again"} for n in range(200)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_only_texts_of_the_train_split_are_remembered(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "memory.npz").write_bytes(remember(corpus))
    memory = MemoryFilter.read(tmp_path / "memory.npz")
    splits = {n: split_of(f"s{n}") for n in range(200)}
    lines = {n: f"only song {n} says these very words".split() for n in splits}
    known = {n for n, line in lines.items() if runs_in(memory, line)}
    assert {n for n, split in splits.items() if split == "train"} <= known
    others = {n for n, split in splits.items() if split != "train"}
    assert len(others) > 3
    assert len(others & known) <= len(others) // 3  # a filter may take one for another


def test_a_prepared_folder_is_remembered_as_its_lines_are(tmp_path: Path) -> None:
    lines = ("one two three four five six", "seven eight nine ten eleven twelve")
    write_songs(tmp_path, "train", [PlainSong("Ann", "A", (PlainSection("Verse 1", lines),))])
    write_songs(tmp_path, "test", [PlainSong("Ann", "B", (PlainSection("", ("a line that nobody has learned",)),))])
    assert remember(tmp_path) == remember_texts([lines]).to_bytes()
    with pytest.raises(RequestError, match="corpus prepare"):
        remember(tmp_path.parent)


def test_the_same_corpus_gives_the_same_bytes_for_ever(corpus: Path) -> None:
    first = remember(corpus)
    assert first == remember(corpus)
    # If this changes, files that were written before know nothing any more: FORMAT must change too.
    table = remember_texts([["one two three four five six seven eight nine ten"]]).runs.table
    assert hashlib.sha256(table.tobytes()).hexdigest()[:16] == "9c3b3a98d388e6a5"


@pytest.mark.parametrize("damage", [b"", b"not a zip", "cut"])
def test_a_damaged_file_is_refused_with_the_way_out(corpus: Path, tmp_path: Path, damage: bytes | str) -> None:
    content = remember(corpus)
    (tmp_path / "memory.npz").write_bytes(content[:-40] if isinstance(damage, str) else damage)
    with pytest.raises(CheckpointError, match="songwright corpus remember"):
        MemoryFilter.read(tmp_path / "memory.npz")


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "memory.npz", facts=np.array([99, 5, 4, 0, 0]), table=np.zeros(12, np.uint8))
    with pytest.raises(CheckpointError, match="not of format"):
        MemoryFilter.read(tmp_path / "memory.npz")


def test_a_corpus_without_training_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no corpus"):
        remember(tmp_path / "none.jsonl")
    (tmp_path / "short.jsonl").write_text('{"id": "a", "text": "four words in all"}\n', encoding="utf-8")
    with pytest.raises(RequestError, match="no text to train on"):
        remember(tmp_path / "short.jsonl")


def test_the_terminal_writes_the_file_whole(corpus: Path, tmp_path: Path) -> None:
    from bot.terminal.remember import remember as command

    out = tmp_path / "new" / "memory.npz"
    said = CliRunner().invoke(command, [str(corpus), "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert out.read_bytes() == remember(corpus)
    assert [path.name for path in out.parent.iterdir()] == ["memory.npz"]


def test_many_texts_are_read_in_pieces_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [[f"line {n} of many words that go on and on {n}"] for n in range(50)]
    whole = remember_texts(texts)
    monkeypatch.setattr(module, "_AT_ONCE", 7)
    assert remember_texts(texts).runs.table.tobytes() == whole.runs.table.tobytes()
