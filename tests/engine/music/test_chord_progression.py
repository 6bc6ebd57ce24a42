"""Laws of typed progressions, then those that musicians type."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.music.chord_progression import MOST_CHORDS, MOST_IN_A_BAR, is_numeral, parse_progression
from engine.music.qualities import QUALITIES
from engine.music.roman_numerals import degree_of_chord
from engine.music.theory import Chord, Key, all_keys, read_symbol

pitch_classes = st.integers(0, 11)
chords = st.builds(Chord, pitch_classes, st.sampled_from(sorted(QUALITIES)), st.none() | pitch_classes)
rows = st.lists(chords, min_size=1, max_size=12)
partings = st.sampled_from([" ", ", ", " - ", " – ", " -> ", "\n"])


@given(rows, partings)
def test_symbols_are_read_back_however_they_are_parted(row: list[Chord], parting: str) -> None:
    read = parse_progression(parting.join(chord.symbol for chord in row))
    assert [Chord.parse(symbol) for (symbol,) in read.bars] == row


@given(rows)
def test_dashes_alone_part_chords_too(row: list[Chord]) -> None:
    read = parse_progression("-".join(chord.symbol for chord in row))
    assert [Chord.parse(symbol) for symbol in read.symbols] == row


@given(rows, st.sampled_from(all_keys()))
def test_numerals_in_a_key_are_the_chords_that_they_were_made_of(row: list[Chord], key: Key) -> None:
    numerals = " ".join(degree_of_chord(key, chord) for chord in row)
    read = parse_progression(f"{numerals} in {key.short}")
    assert [Chord.parse(symbol) for symbol in read.symbols] == row
    assert (read.key, read.numerals) == (key, ())
    unread = parse_progression(numerals)
    assert all(map(is_numeral, unread.symbols))
    assert unread.in_key(key).bars == read.bars


@given(st.lists(st.lists(chords, min_size=1, max_size=MOST_IN_A_BAR), min_size=1, max_size=6), st.integers(2, 5))
def test_bars_are_kept_and_repeated(bars: list[list[Chord]], times: int) -> None:
    typed = " | ".join(" ".join(chord.symbol for chord in bar) for bar in bars) + " |"
    read = parse_progression(typed)
    assert [[Chord.parse(symbol) for symbol in bar] for bar in read.bars] == bars
    assert parse_progression(f"{typed} x{times}").bars == times * read.bars
    assert parse_progression(f"|: {typed} :|").bars == 2 * read.bars


@given(st.text(max_size=80) | st.text(alphabet="ABCGHIViv#bm7/|:%x23-. jasudi", max_size=60))
def test_any_text_is_a_progression_or_is_refused_with_a_sentence(text: str) -> None:
    read = None
    with contextlib.suppress(RequestError):
        read = parse_progression(text)
    if read is not None:
        for symbol in read.in_key(Key(0)).symbols:
            read_symbol(symbol)
        assert all(1 <= len(bar) <= MOST_IN_A_BAR for bar in read.bars)


@pytest.mark.parametrize(
    ("typed", "bars"),
    [("Am F C G", "Am|F|C|G"), ("ii-V-I in Eb", "Fm|Bb|Eb"), ("C G | Am F", "C G|Am F"), ("I vi IV V in G", "G|Em|C|D"),
     ("C/E Am7/G N.C. nc", "C/E|Am7/G|N.C.|N.C."), ("i bVII bVI V7 in Am", "Am|G|F|E7"), ("V7/V V I in C", "D7|G|C"),
     ("C-7 F7-Bbmaj7", "C-7|F7|Bbmaj7"), ("Am7-5 D7-G- C-", "Am7-5|D7|G|C-"), ("am f c/e g", "Am|F|C/E|G"),
     ("| C | % | F / G |", "C|C|F F G"), ("C G x2 Am", "C|G|C|G|Am"), ("|: C | G :| x3 F", "C|G|C|G|C|G|F"),
     ("C % F", "C|C|F"), ("Dm7, G7, Cmaj7", "Dm7|G7|Cmaj7"), ("B♭ F♯m", "Bb|F#m"), ("V65 I in the key of D", "A7/C#|D"),
     ("C (N.C.)", None), ("bVII I in Bb major", "Ab|Bb"), ("C6/9 Bb7", "C6/9|Bb7")],
)  # fmt: skip
def test_progressions_as_people_write_them(typed: str, bars: str | None) -> None:
    if bars is None:
        with pytest.raises(RequestError):
            parse_progression(typed)
    else:
        assert ["|".join(" ".join(bar) for bar in parse_progression(typed).bars)] == [bars]


@pytest.mark.parametrize(
    ("typed", "said"),
    [("C H7 G", 'there is no chord "H7" (number 2 of 3); did you mean B7?'),
     ("Cmjor7", 'there is no chord "Cmjor7" (number 1 of 1); did you mean Cmaj7?'),
     ("C G | Am Q", 'there is no chord "Q" (number 4 of 4); try Am7 or G/B'),
     ("C/H", 'there is no chord "C/H" (number 1 of 1); did you mean C/B?'),
     ("I vi IIV", 'there is no Roman numeral "IIV" (number 3 of 3); did you mean'),
     ("ii V I in H", '"H" is not a key; did you mean B?'), ("", "chords must be 1-64 symbols, got 0"),
     ("C " * (MOST_CHORDS + 1), "got 65"), ("% C", 'no chord before the first "%"'), ("C x1", '"x1" must come after'),
     ("C | " + "C " * 9, "room for 8 chords, got more in bar 2"), ("C" * 5000, "there is no chord")],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place_and_the_way_out(typed: str, said: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_progression(typed)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 200
