"""Promises of line constraints: whatever is chosen among the ids allowed, the line keeps its plan."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.constraints import LineConstraint, LineEnds, Punctuation
from engine.lyrics.lexicon import Entry, Lexicon
from engine.lyrics.prompt import reverse_line
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import count_syllables, word_rhyme_key, words_of
from tests.tiny_models import WORDS, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
AWKWARD = (
    "I'll",
    "o'er",
    "'tis",
    "dogs'",
    "moon-beam",
    "Glasgow",
    "I",
    "a",
    "theatre",
    "xyzzyish",
    "nightingale",
    "nights",
)
LEXICON = Lexicon.from_entries([Entry(w, 500, pronounce(w)) for w in dict.fromkeys([*WORDS, *AWKWARD])], TOKENIZER)
PUNCTUATION = Punctuation(TOKENIZER)
ALL = np.ones(len(LEXICON), dtype=bool)


def write_at_random(constraint: LineConstraint, seed: int) -> str:
    """Return the line as printed, each id drawn evenly from those allowed."""
    rng = np.random.default_rng(seed)
    ids: list[int] = []
    while True:
        allowed = np.flatnonzero(constraint.allowed())
        assert allowed.size
        ids.append(int(rng.choice(allowed)))
        if constraint.accept(ids[-1]):
            return reverse_line(TOKENIZER.decode(ids).rstrip("\n")).strip()


@given(st.integers(1, 16), st.integers(0, 10**6))
def test_a_line_has_the_syllables_asked_and_only_words_of_the_lexicon(syllables: int, seed: int) -> None:
    constraint = LineConstraint(LEXICON, PUNCTUATION, syllables=syllables, ends=LineEnds(LEXICON, ALL, syllables))
    text = write_at_random(constraint, seed)
    printed = text[:1].upper() + text[1:]
    assert count_syllables(printed) == syllables
    assert words_of(text) == [word.text for word in reversed(constraint.words)]
    assert all(word in LEXICON for word in words_of(printed))


@given(
    st.integers(1, 14), st.integers(0, 10**6), st.sampled_from(["night", "rain", "I'll", "Glasgow", "sea", "moon-beam"])
)
def test_a_line_ends_in_a_word_that_was_allowed_to(syllables: int, seed: int, partner: str) -> None:
    word = next(word for word in LEXICON.words if word.text == partner)
    rows = LEXICON.rhymes_with(word)
    if not (rows & (LEXICON.syllables <= syllables)).any():
        with pytest.raises(ValueError, match="may end the line"):
            LineEnds(LEXICON, rows, syllables)
        return
    text = write_at_random(
        LineConstraint(LEXICON, PUNCTUATION, syllables=syllables, ends=LineEnds(LEXICON, rows, syllables)), seed
    )
    last = words_of(text)[-1]
    assert word_rhyme_key(last) == word.rhyme_key
    assert last.lower() != partner.lower()


@given(st.integers(2, 12), st.integers(0, 10**6))
def test_no_word_of_one_id_stands_twice_without_a_mark_between(syllables: int, seed: int) -> None:
    constraint = LineConstraint(LEXICON, PUNCTUATION, syllables=syllables, ends=LineEnds(LEXICON, ALL, syllables))
    words = write_at_random(constraint, seed).split()
    single = {word.text for word in LEXICON.words if len(word.ids) == 1}
    assert not any(first == second and first in single for first, second in pairwise(words))


def test_an_unknown_end_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="at most 1 syllables"):
        LineEnds(LEXICON, LEXICON.spelled(["harbour"]), 1)
