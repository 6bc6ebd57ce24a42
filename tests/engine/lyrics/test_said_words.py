"""What a person types is sung as a singer would read it: numbers, abbreviations, contractions, sounds and stretched words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.lyrics.own_words import read_own_words
from engine.lyrics.said_words import said
from engine.lyrics.stretched import drawn_out, plain_spelling

NUMBERS = {
    "1984": "nine-teen eigh-ty four", "2001": "two thou-sand one", "the 3rd": "the third", "22nd": "twen-ty se-cond",
    "$5": "five dol-lars", "$1": "one dol-lar", "$5.50": "five dol-lars fif-ty", "£20": "twen-ty pounds",
    "$2M": "two mil-lion dol-lars", "10%": "ten per-cent", "7:30": "se-ven thir-ty", "7:05": "se-ven oh five",
    "7:00": "se-ven o'-clock", "7:30pm": "se-ven thir-ty P M", "5am": "five A M", "2.5": "two point five",
    ".5": "point five", "1,000,000": "one mil-lion", "1,984 tears": "one thou-sand nine hun-dred eigh-ty four tears",
    "24/7": "twen-ty four se-ven", "9/11": "nine e-le-ven", "1/2": "one half", "3/4": "three quar-ters",
    "2½": "two and one half", "the '80s": "the eigh-ties", "1990s": "nine-teen nine-ties",
    "007": "ze-ro ze-ro se-ven", "555-1234": "five five five one two three four", "9-5": "nine to five",
    "#1": "num-ber one", "No. 5": "num-ber five", "-5": "mi-nus five", "20°": "twen-ty de-grees", "mp3": "m p three",
    "Henry VIII": "Hen-ry eight", "H2O": "H two O", "४२": "for-ty two", "Route 66": "Route six-ty six",
}  # fmt: skip
SHORTENED = {
    "Mr. Brown": "mis-ter Brown", "Mrs. Jones": "mis-sus Jones", "Dr. Love": "doc-tor Love", "St. Louis": "saint Lou-is",
    "Main St.": "Main street", "vs.": "ver-sus", "a.m.": "A M", "U.S.A.": "U S A", "NYC": "N Y C", "OK": "o-kay",
    "TV": "T-V", "DJs": "D J's", "USA": "U S A", "I LOVE NYC": "I LOVE N Y C", "THEY LOVE US": "THEY LOVE US",
    "the US": "the U S", "OMG": "O M G", "gr8": "great", "2nite": "to-night", "4ever": "for-e-ver", "and/or": "and or",
    "R&B": "R and B", "rock & roll": "rock and roll", "C++": "C plus plus", "you+me": "you plus me",
    "#love": "love", "#LoveIsLove": "Love Is Love", "@anna_b": "an-na b", "x@b.com": "x at b dot com",
}  # fmt: skip
SPOKEN = {
    "y'all": "y'all", "goin'": "go-in'", "o'er": "o'er", "'cause": "'cause", "gonna": "gon-na", "wanna": "wan-na",
    "ain't": "ain't", "would've": "would-'ve", "shouldn't've": "should-n't-'ve", "I'd've": "I'd-'ve", "it'll": "it-'ll",
    "c'mon": "c'-mon", "y'know": "y'-know", "ma'am": "ma'am", "'tis": "'tis", "'em": "'em", "ol'": "ol'",
    "rock 'n' roll": "rock 'n' roll", "dancin'": "dan-cin'", "o'clock": "o'-clock", "O'Brien": "O'-Bri-en",
    "don’t": "don't", "home—again": "home— a-gain", "hmm": "hmm", "shh": "shh", "psst": "psst", "mmm": "mmm", "zzz": "zzz",
    "la la la": "la la la", "hahaha": "ha-ha-ha", "soooo": "soooo", "nooo": "nooo", "looove": "looove",
    "babyyyy": "ba-byyyy", "hellooo": "hel-looo", "yessss": "yessss", "café": "ca-fé", "naïve": "na-ïve",
    "Beyoncé": "Be-yon-cé", "Nguyen": "Ngu-yen", "Pikachu": "Pi-ka-chu", "ﬁsh": "fish", "ｗａｖｅ": "wave",
}  # fmt: skip
TRIED = NUMBERS | SHORTENED | SPOKEN


def hyphened(text: str) -> str:
    found = []
    for section in read_own_words(text).sections:
        for line in section.lines:
            for syllable in line.syllables:
                begins = syllable.word_position in ("single", "begin")
                found.append((" " if begins else "-") + syllable.text.rstrip("-"))
    return "".join(found).strip()


@pytest.mark.parametrize("typed", TRIED)
def test_a_typed_word_is_sung_as_it_is_read(typed: str) -> None:
    assert hyphened(typed) == TRIED[typed]


def test_enough_was_tried() -> None:
    assert len(TRIED) >= 80


@pytest.mark.parametrize("silent", ["❤", ":)", "<3", "...", "—", "*", "привет", "¯\\_(ツ)_/¯"])
def test_what_has_no_sound_is_not_sung(silent: str) -> None:
    assert said(silent) == ""


@given(st.text(max_size=30).filter(lambda text: not any(map(str.isspace, text))))
def test_any_word_is_sung_in_letters_or_not_at_all(word: str) -> None:
    try:
        sung = said(word)
    except RequestError:
        return
    assert all(any(c.isalpha() for c in part) for part in sung.split())
    assert not any(c.isdecimal() for c in sung)


@given(st.text("abeolsy", min_size=1, max_size=12))
def test_a_stretched_word_keeps_its_letters_and_has_no_long_run(word: str) -> None:
    plain = plain_spelling(word)
    assert not any(plain[n] == plain[n + 1] == plain[n + 2] for n in range(len(plain) - 2))
    half = len(plain) // 2
    pieces = ((plain[:half], 1), (plain[half:], 0)) if half else ((plain, 1),)
    assert "".join(text for text, _ in drawn_out(pieces, word)) == word
