"""Words to be avoided are never written, and syllables and rhymes stay exact."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.contract import LyricRequest, SongRequest
from engine.lyrics.lexicon import Lexicon
from engine.lyrics.prosody import words_of
from engine.lyrics.rhyme import lines_rhyme
from tests.engine.song.whole_songs import make
from tests.tiny_models import WORDS

if TYPE_CHECKING:
    from engine.song.models import SongModels

SHARED = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(st.sets(st.sampled_from(["the", "a", "and", "rain", "night", "light", "day", "sea", "you", "of"]), min_size=1))
def test_no_avoided_word_is_written(opened_tiny_models: SongModels, avoid: set[str]) -> None:
    request = LyricRequest(theme="night rain", rhyme="AABB", syllables="8,8,6,6", form="VC", avoid=tuple(avoid))
    made = make(request, opened_tiny_models)
    lines = [line for section in made.report.sections for line in section.lines]
    assert not {word.lower() for line in lines for word in words_of(line.text)} & avoid
    assert all(line.syllables_found == line.syllables_asked for line in lines)
    assert all(lines_rhyme(a.text, b.text) for a, b in list(pairwise(lines))[::2])


def test_avoiding_nothing_changes_nothing(opened_tiny_models: SongModels) -> None:
    lexicon = opened_tiny_models.lyrics.lexicon(archaic=False)
    assert opened_tiny_models.lyrics.lexicon(archaic=False, avoid=("zzz",)) is lexicon
    plain, with_unknown = (
        make(SongRequest(theme="rain", form="V", avoid=avoid), opened_tiny_models) for avoid in ((), ("zzz",))
    )
    assert plain.score == with_unknown.score


def test_a_lexicon_without_words_is_as_if_they_had_never_been(opened_tiny_models: SongModels) -> None:
    model = opened_tiny_models.lyrics
    lexicon = model.lexicon(archaic=False)
    fewer = lexicon.without(("night", "the"))
    anew = Lexicon([word for word in lexicon.words if word.text not in ("night", "the")], lexicon.vocab_size)
    assert fewer.words == anew.words
    assert (fewer.ids == anew.ids[:, : fewer.ids.shape[1]]).all()
    for syllables in (1, 2, 3):
        assert (fewer.start_mask(syllables) == anew.start_mask(syllables)).all()
    light = next(word for word in lexicon.words if word.text == "light")
    assert (fewer.rhymes_with(light) == anew.rhymes_with(light)).all()
    assert len(lexicon) == len(fewer) + 2
    assert not fewer.with_words(["night"], model.tokenizer).spelled(["night"]).any()
    assert {"night", "the"} <= set(WORDS)


@pytest.mark.songs
def test_words_are_left_out_of_the_starter_lexicon_in_no_time() -> None:
    from pathlib import Path

    import engine
    from engine.song.models import open_lyric_model

    model = open_lyric_model(Path(engine.__path__[0]) / "starter" / "lyrics")
    lexicon = model.lexicon(archaic=False)
    start = time.process_time()
    fewer = lexicon.without(("love", "night"))
    assert time.process_time() - start < 0.5
    assert len(fewer) < len(lexicon)
