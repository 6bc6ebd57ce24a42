"""What a model knows by heart is not written, if anything else can be; and what was written all the same is told."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.contract import LyricRequest, RewriteRequest, Sampling, SongRequest, VerseRequest
from engine.corpus.memory import remember_texts
from engine.evaluation.memorisation import TrainingText
from engine.lyrics.memory_filter import FEWEST_SHARED, MEMORY_FILE, MemoryGuard
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.text import parse_lyrics
from engine.lyrics.writer import TIMES_AGAIN, LyricWriter, WantedSection
from engine.song.models import open_lyric_model
from tests.engine.song.whole_songs import make, source_of

if TYPE_CHECKING:
    from engine.song.models import LyricModel, SongModels

REQUEST = LyricRequest(theme="night rain", rhyme="AABB", syllables="9", form="VCV")
WANTED = [WantedSection("verse", ((8, "A"), (8, "A"), (8, "X")))]


def lines_of(text: str) -> list[str]:
    return [line for section in parse_lyrics(text).sections if section.label for line in section.lines]


def with_memory(models: SongModels, texts: Sequence[Sequence[str]]) -> SongModels:
    return replace(models, lyrics=replace(models.lyrics, memory=remember_texts(texts)))


def test_a_song_that_the_model_knows_by_heart_is_not_sung_again(opened_tiny_models: SongModels) -> None:
    """The training text here is what the model writes without a guard: the very worst case."""
    learned = lines_of(make(REQUEST, opened_tiny_models).lyrics_text)
    training = TrainingText.build([learned])
    guarded = make(REQUEST, with_memory(opened_tiny_models, [learned]))
    lines = lines_of(guarded.lyrics_text)
    assert training.longest_run(learned)[0] >= FEWEST_SHARED
    assert training.longest_run(lines)[0] < FEWEST_SHARED
    assert training.verbatim_line_share(lines) == 0.0
    assert guarded.report.notices == ()


class AllKnown:
    """A guard that has heard everything before, long lines more often."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []  # lines before, and words of the shortest candidate

    def learned(self, before: Sequence[Sequence[str]], lines: Sequence[Sequence[str]]) -> list[int]:
        self.asked.append((len(before), min(map(len, lines))))
        return [len(words) for words in lines]


class NothingKnown:
    def learned(self, before: Sequence[Sequence[str]], lines: Sequence[Sequence[str]]) -> list[int]:
        return [0] * len(lines)


def writer_of(model: LyricModel, **more: Any) -> LyricWriter:
    return LyricWriter(model.model, model.tokenizer, model.lexicon(archaic=False), model.associations, **more)


def test_where_all_is_known_a_line_is_tried_again_and_the_least_known_is_kept_and_told(
    opened_tiny_models: SongModels,
) -> None:
    guard = AllKnown()
    writer = writer_of(opened_tiny_models.lyrics, guard=guard, candidates=8)
    (lines,) = writer.write(ControlPrompt(), WANTED, seed=2, sampling=Sampling())
    assert writer.learned == [line.text for line in lines]
    assert [before for before, _ in guard.asked] == [n for n in range(3) for _ in range(1 + TIMES_AGAIN)]
    assert [len(line.words) for line in lines] == [words for _, words in guard.asked[TIMES_AGAIN :: 1 + TIMES_AGAIN]]


def test_a_guard_that_knows_nothing_changes_nothing(opened_tiny_models: SongModels) -> None:
    guarded, plain = (
        writer_of(opened_tiny_models.lyrics, guard=guard, candidates=4) for guard in (NothingKnown(), None)
    )
    first, second = (w.write(ControlPrompt(), WANTED, seed=2, sampling=Sampling()) for w in (guarded, plain))
    assert first == second
    assert guarded.learned == []


def test_lines_that_were_known_all_the_same_are_told_in_the_report(
    opened_tiny_models: SongModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryGuard, "learned", lambda self, before, lines: [1] * len(lines))
    models = with_memory(opened_tiny_models, [["a b c d e"]])
    made = make(SongRequest(theme="rain", form="V", rhyme="AA", syllables="6"), models)
    lines = lines_of(made.lyrics_text)
    told = [notice for notice in made.report.notices if "no new line" in notice]
    assert [line for line in lines if any(f'"{line}"' in notice for notice in told)] == lines


def test_a_verse_that_is_added_is_guarded_too(opened_tiny_models: SongModels) -> None:
    song = make(SongRequest(theme="rain", form="VC", rhyme="AABB", syllables="9"), opened_tiny_models)
    verse = VerseRequest(source="a", theme="winter")
    added = lines_of(make(verse, opened_tiny_models, source_of(song)).lyrics_text)
    guarded = lines_of(make(verse, with_memory(opened_tiny_models, [added]), source_of(song)).lyrics_text)
    old = set(lines_of(song.lyrics_text))
    new = [line for line in guarded if line not in old]
    assert new
    assert TrainingText.build([added]).verbatim_line_share(new) == 0.0


def test_a_line_that_is_rewritten_is_guarded_with_the_lines_around_it(opened_tiny_models: SongModels) -> None:
    song = make(LyricRequest(theme="rain", form="V", rhyme="AABB", syllables="9"), opened_tiny_models)
    rewrite = RewriteRequest(source="a", line="2")
    changed = lines_of(make(rewrite, opened_tiny_models, source_of(song)).lyrics_text)
    models = with_memory(opened_tiny_models, [changed])
    guarded = make(rewrite, models, source_of(song))
    lines = lines_of(guarded.lyrics_text)
    assert [lines[0], *lines[2:]] == [changed[0], *changed[2:]]
    assert TrainingText.build([changed]).verbatim_line_share([lines[1]]) == 0.0
    assert not any("no new line" in notice for notice in guarded.report.notices)


def test_a_memory_beside_the_weights_is_opened_with_them(
    tiny_models: Any, opened_tiny_models: SongModels, tmp_path: Path
) -> None:
    assert opened_tiny_models.lyrics.memory is None
    assert opened_tiny_models.lyrics.guard(["x"]) is None
    shutil.copytree(tiny_models.lyrics, tmp_path / "lyrics")
    (tmp_path / "lyrics" / MEMORY_FILE).write_bytes(remember_texts([["one two three four five"]]).to_bytes())
    model = open_lyric_model(tmp_path / "lyrics")
    guard = model.guard(())
    assert guard is not None
    assert guard.learned([], ["one two three four five".split(), ["one"]]) == [1, 0]
