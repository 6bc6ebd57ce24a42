"""Promises of the lyric writer with random weights: whatever the model thinks, the plan is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.errors import Cancelled, RequestError
from engine.lyrics.draft import WrittenLine
from engine.lyrics.lexicon import Lexicon
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.prosody import count_syllables, words_of
from engine.lyrics.rhyme import last_word, lines_rhyme, rhyme_pairs
from engine.lyrics.writer import LyricWriter, WantedSection, as_written

if TYPE_CHECKING:
    from engine.song.models import LyricModel, SongModels

PROMPT = ControlPrompt(theme_words=("rain", "harbour"), title="Rain over the Harbour")
SHARED_MODEL = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def model(opened_tiny_models: SongModels) -> LyricModel:
    return opened_tiny_models.lyrics


def writer_of(model: LyricModel, candidates: int = 2, lexicon: Lexicon | None = None) -> LyricWriter:
    lexicon = lexicon or model.lexicon(archaic=False)
    return LyricWriter(model.model, model.tokenizer, lexicon, model.associations, candidates=candidates)


def section(syllables: Sequence[int], scheme: str, kind: str = "verse") -> WantedSection:
    return WantedSection(kind, tuple(zip(syllables, scheme, strict=True)))


def write(model: LyricModel, wanted: Sequence[WantedSection], seed: int = 1, **more: Any) -> list[list[WrittenLine]]:
    sampling = more.pop("sampling", Sampling(temperature=1.0, top_p=1.0))
    prompt = more.pop("prompt", PROMPT)
    return writer_of(model, **more).write(prompt, wanted, seed=seed, sampling=sampling)


def check(written: Sequence[Sequence[WrittenLine]], wanted: Sequence[WantedSection]) -> None:
    """Assert that the printed lines have the syllables and rhymes asked, and no end word twice in a section."""
    assert [len(lines) for lines in written] == [len(one.lines) for one in wanted]
    for lines, one in zip(written, wanted, strict=True):
        assert [count_syllables(line.text) for line in lines] == [syllables for syllables, _ in one.lines]
        scheme = "".join(letter for _, letter in one.lines)
        assert all(lines_rhyme(lines[a].text, lines[b].text) for a, b in rhyme_pairs(scheme))
        for line in lines:
            assert [word.lower() for word in words_of(line.text)] == [word.text.lower() for word in line.words]
            assert len(line.syllables) == count_syllables(line.text)
            assert not line.text[0].islower()
        ends = [last_word(line.text) for line in lines]
        assert len(set(ends)) == len(ends)


LINES = st.lists(st.tuples(st.integers(3, 14), st.sampled_from("ABCX")), min_size=1, max_size=6).map(
    lambda lines: WantedSection("verse", tuple(lines))
)


@SHARED_MODEL
@given(st.lists(LINES, min_size=1, max_size=2), st.integers(0, 2**31))
def test_printed_lines_have_the_syllables_and_rhymes_asked(
    model: LyricModel, wanted: list[WantedSection], seed: int
) -> None:
    check(write(model, wanted, seed), wanted)


@SHARED_MODEL
@given(
    st.lists(
        st.sampled_from(["Glasgow", "i'll", "o'clock", "moon-beam", "o'", "café", "--", "it's", "xyzzy", "hmm", "1999"])
    ),
    st.integers(0, 2**31),
)
def test_odd_theme_words_break_no_promise(model: LyricModel, theme: list[str], seed: int) -> None:
    wanted = [section((6, 7, 6, 7), "ABAB")]
    check(write(model, wanted, seed, prompt=ControlPrompt(theme_words=theme)), wanted)


def test_the_same_seed_gives_the_same_lines_and_another_gives_others(model: LyricModel) -> None:
    wanted = [section((8, 6, 8, 6), "ABAB")]
    first, again, other = (write(model, wanted, seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_no_end_word_comes_twice_in_a_song(model: LyricModel) -> None:
    written = write(model, [section((6, 6, 6, 6), "AABB"), section((5, 7, 5, 7), "ABAB", "chorus")] * 2)
    ends = [last_word(line.text) for lines in written for line in lines]
    assert len(set(ends)) == len(ends)


def test_a_full_context_starts_again_and_keeps_the_plan(model: LyricModel, monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []
    monkeypatch.setattr(model.model, "context_length", 150)
    from engine.lyrics import writer as module

    def start_again(work: Any, original: Any = module._Work._start_again) -> None:
        original(work)
        starts.append(work.session.length)

    monkeypatch.setattr(module._Work, "_start_again", start_again)
    wanted = [section((8, 8, 8, 8, 8), "ABABX")] * 3
    check(write(model, wanted), wanted)
    assert starts
    assert max(starts) <= 150 - module.ROOM_PER_LINE - module.MOST_MARKS


def test_what_is_remembered_is_what_was_written(model: LyricModel) -> None:
    writer = writer_of(model, candidates=1)
    for lines in writer.write(PROMPT, [section((9, 9, 9), "XXX")], seed=3, sampling=Sampling()):
        for line in lines:
            ids = model.tokenizer.encode(as_written(line))
            assert [i for word in reversed(line.words) for i in word.ids] == [
                i for i in ids if i not in {*writer._punctuation.end, writer._punctuation.newline}
            ]


def test_a_song_longer_than_its_rhymes_uses_end_words_of_other_sections_again(model: LyricModel) -> None:
    lexicon = model.lexicon(archaic=False)
    kept = lexicon.with_rhyme_keys(["AY T", "EY"]) | lexicon.spelled(["the", "and"])
    few = Lexicon([w for w, is_kept in zip(lexicon.words, kept, strict=True) if is_kept], lexicon.vocab_size)
    wanted = [section((4, 4, 4, 4, 4, 4), "ABABAB")] * 8
    check(write(model, wanted, lexicon=few), wanted)


def test_more_rhymes_than_there_are_is_a_kind_refusal(model: LyricModel) -> None:
    lexicon = model.lexicon(archaic=False)
    kept = lexicon.with_rhyme_keys(["AO NG"]) | lexicon.spelled(["the"])
    few = Lexicon([w for w, is_kept in zip(lexicon.words, kept, strict=True) if is_kept], lexicon.vocab_size)
    with pytest.raises(RequestError, match="fewer lines"):
        write(model, [section([3] * 12, "A" * 12)], lexicon=few, prompt=ControlPrompt())


def test_a_section_like_another_and_no_prompt_words_are_fine(model: LyricModel) -> None:
    first = section((7, 5), "AA")
    wanted = [first, dataclasses.replace(first, like=0)]
    check(write(model, wanted, prompt=ControlPrompt()), wanted)


def test_progress_is_told_line_by_line_and_a_request_can_be_taken_back(model: LyricModel) -> None:
    told: list[tuple[int, int, str]] = []
    wanted = [section((5, 5), "AA"), section((5,), "X")]
    writer = writer_of(model)
    found = writer.write(PROMPT, wanted, seed=1, sampling=Sampling(), report=lambda *news: told.append(news))
    assert told == [(n, 3, line.text) for n, line in enumerate([line for lines in found for line in lines], 1)]
    with pytest.raises(Cancelled):
        writer.write(PROMPT, wanted, seed=1, sampling=Sampling(), cancelled=lambda: True)
