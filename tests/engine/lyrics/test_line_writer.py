"""Promises of single lines with random weights: whatever the model thinks, the plan is kept and the others stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.contract import Sampling
from engine.errors import Cancelled, RequestError
from engine.lyrics.draft import WrittenLine
from engine.lyrics.lexicon import Lexicon
from engine.lyrics.line_writer import LineWriter
from engine.lyrics.open_lines import GivenLine, OpenLine, OpenSection, off_the_beat, split_words, typed_line
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.prosody import count_syllables, syllables_of
from engine.lyrics.rhyme import last_word, lines_rhyme

if TYPE_CHECKING:
    from engine.song.models import LyricModel, SongModels

PROMPT = ControlPrompt(theme_words=("winter",), title="Winter")
NIGHT, DAY = "we walked along the river in the night", "and never saw the harbour by the day"


@pytest.fixture(scope="module")
def model(opened_tiny_models: SongModels) -> LyricModel:
    return opened_tiny_models.lyrics


def written(model: LyricModel, *sections: OpenSection, seed: int = 1, **more: Any) -> list[list[WrittenLine]]:
    lexicon = more.pop("lexicon", None) or model.lexicon(archaic=False)
    prompt = more.pop("prompt", PROMPT)
    writer = LineWriter(model.model, model.tokenizer, lexicon, model.associations, candidates=4)
    return writer.write(prompt, sections, seed=seed, sampling=Sampling(temperature=1.0, top_p=1.0), **more)


def given(text: str, letter: str = "X") -> GivenLine:
    return GivenLine(typed_line(text), letter)


@pytest.mark.parametrize("seed", range(10))
def test_an_open_line_has_its_syllables_and_rhymes_with_lines_before_and_after_it(model: LyricModel, seed: int) -> None:
    section = OpenSection("verse", (OpenLine(7, "A"), given(NIGHT, "A"), given(DAY, "B"), OpenLine(8, "B")))
    (lines,) = written(model, section, seed=seed)
    assert [line.text for line in lines[1:3]] == [NIGHT, DAY]
    assert [count_syllables(line.text) for line in lines] == [7, 10, 10, 8]
    assert lines_rhyme(lines[0].text, NIGHT)
    assert lines_rhyme(lines[3].text, DAY)


def test_the_same_seed_gives_the_same_lines_and_another_seed_others(model: LyricModel) -> None:
    section = OpenSection("verse", (given(NIGHT), OpenLine(8), OpenLine(8)))
    texts = [[line.text for line in written(model, section, seed=seed)[0]] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_refused_words_and_end_words_of_other_lines_do_not_end_a_line(model: LyricModel) -> None:
    lexicon = model.lexicon(archaic=False)
    kept = lexicon.with_rhyme_keys(["AY T"]) | lexicon.spelled(["the"])
    few = Lexicon([w for w, is_kept in zip(lexicon.words, kept, strict=True) if is_kept], lexicon.vocab_size)
    refused = frozenset(w.text for w in few.words) - {"kite", "the"}
    section = OpenSection("verse", (given("over the light", "A"), OpenLine(5, "A", refused=refused)))
    (lines,) = written(model, section, lexicon=few, prompt=ControlPrompt())
    assert last_word(lines[1].text) == "kite"
    none_left = OpenSection("verse", (given("over the light", "A"), OpenLine(5, "A", refused=refused | {"kite"})))
    with pytest.raises(RequestError, match="no other word rhymes with 'light'; name that line as well"):
        written(model, none_left, lexicon=few, prompt=ControlPrompt())


def test_the_theme_is_brought_into_new_lines_where_it_was_asked_for(model: LyricModel) -> None:
    section = OpenSection("verse", (given("the winter river"), OpenLine(8)))
    for seed in range(5):
        (lines,) = written(model, section, seed=seed, theme_in_new_lines=True)
        assert "winter" in lines[1].text.lower()


def test_a_text_longer_than_the_context_is_written_on(model: LyricModel) -> None:
    long = [OpenSection("verse", tuple(given(NIGHT) for _ in range(4))) for _ in range(20)]
    found = written(model, *long, OpenSection("chorus", (OpenLine(6, "A"), OpenLine(6, "A"))))
    assert lines_rhyme(found[-1][0].text, found[-1][1].text)


def test_lines_are_reported_and_can_be_taken_back(model: LyricModel) -> None:
    told: list[tuple[int, int, str]] = []
    section = OpenSection("verse", (OpenLine(5), given(NIGHT), OpenLine(5)))
    (lines,) = written(model, section, report=lambda *news: told.append(news))
    assert told == [(1, 2, lines[0].text), (2, 2, lines[2].text)]
    with pytest.raises(Cancelled):
        written(model, section, cancelled=lambda: True)


def test_a_line_without_plain_letters_may_stand_and_is_left_alone(model: LyricModel) -> None:
    (lines,) = written(model, OpenSection("verse", (given("42"), given(NIGHT, "A"), OpenLine(6, "A"))))
    assert lines[0].text == ""
    assert lines_rhyme(NIGHT, lines[2].text)


def test_words_are_against_the_beat_or_split_only_where_they_are() -> None:
    river = syllables_of("river of the night")
    assert off_the_beat(river, (3, 0, 2, 0, 3)) == pytest.approx(0.5 / 5)  # "of" on the beat
    assert off_the_beat(river, (0, 3, 0, 1, 3)) == pytest.approx(2 / 5)
    assert off_the_beat(river, ()) == 0
    assert split_words(river, frozenset({1})) == 1
    assert split_words(river, frozenset({2, 3})) == 0
