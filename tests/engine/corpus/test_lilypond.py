"""Songs in LilyPond are read with exact times, pitches, held syllables and verses; what is not known is refused."""

from __future__ import annotations

import io
import tarfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.lilypond import LilypondSong, read_lilypond
from engine.corpus.song_books import SONG_BOOKS_FILE, melodies_of_song, read_song_books
from engine.errors import FileFormatError
from engine.music.melody_tokens import split_into_lines

MUSIC = r"""
  \clef treble \time 4/4 \key g \major \autoBeamOff
  \partial 4 <b d>4 |  % a pickup of two voices
  g'4 a8[ b] c4. b8 | a2 ~ a4 \break r8 d, |
  \voiceOne << { g4 } \context Voice="1" { \voiceTwo b,4 \oneVoice } >> \oneVoice a' fs4( g) |
  a4 b c^\fermata a | g4 g fs a | g2. \bar "|."
"""
WORDS = r"The mor -- ning light is there, the \markup { \"birds\" \hspace #1.0 } and bees are near, and we sing on a -- gain"


def source(music: str = MUSIC, words: str = WORDS, more: str = "") -> str:
    words = words.replace('\\"', '"')
    return f"""\\version "2.10"
\\header {{ title = "A TEST." }}
words = \\lyricmode {{ {words} }}
other = \\lyricmode {{ One two }}
treble = \\relative c' {{ {music} }}
{more}
\\score {{ << \\new Voice = "treble" {{ \\treble }} \\new Lyrics \\lyricsto "treble" {{ \\other }}
\\new Lyrics \\lyricsto "treble" {{ \\words }} >> }}
"""


@pytest.fixture(scope="module")
def song() -> LilypondSong:
    return read_lilypond(source())


def test_pitches_are_near_the_note_before_and_chords_give_their_highest(song: LilypondSong) -> None:
    assert [note.pitch for note in song.notes[:6]] == [62, 67, 69, 71, 72, 71]  # D4 over B3, then up to G4
    assert (song.fifths, song.time_signature, song.title) == (1, "4/4", "A TEST.")


def test_times_are_exact_and_ties_are_one_note(song: LilypondSong) -> None:
    assert [(note.onset, note.duration) for note in song.notes[3:7]] == [
        (Fraction(5, 2), Fraction(1, 2)),
        (3, Fraction(3, 2)),
        (Fraction(9, 2), Fraction(1, 2)),
        (5, 3),
    ]
    assert song.bars[:4] == (0, 1, 5, 9)


def test_beams_and_slurs_hold_a_syllable(song: LilypondSong) -> None:
    assert [n for n, note in enumerate(song.notes) if note.goes_on] == [3, 11]


def test_of_two_voices_the_first_is_sung_and_the_second_is_only_passed(song: LilypondSong) -> None:
    assert [note.pitch for note in song.notes[7:11]] == [
        62,
        67,
        69,
        66,
    ]  # A is an octave above the one near the lower voice's B
    assert song.notes[8].onset == 9


def test_words_are_divided_and_the_longest_verse_is_first(song: LilypondSong) -> None:
    assert song.verses[0][:4] == (("The", "single"), ("mor", "begin"), ("ning", "end"), ("light", "single"))
    assert song.verses[0][7] == ("birds", "single")
    assert song.verses[1] == (("One", "single"), ("two", "single"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (source(MUSIC + r" \grace a8 b4"), "grace"),
        (source(MUSIC.replace(r"\key g \major", "")), "one key"),
        (source(MUSIC + r" \time 3/4 c2."), "one time signature"),
        (source(words=r"one \skips two"), "among words"),
        ("words = 5", "no voice"),
        (source(MUSIC + " <> "), "empty"),
        (source(MUSIC + " { c4 "), "not closed|no voice"),
    ],
)
def test_what_is_not_read_is_refused(text: str, why: str) -> None:
    with pytest.raises(FileFormatError, match=why):
        read_lilypond(text)


@given(st.text("abcdefgs'\",.<>{}()[]~|\\ 0123456789r^*", max_size=60))
def test_any_music_is_read_or_refused(music: str) -> None:
    try:
        song = read_lilypond(source(music + r" \key c \major \time 4/4"))
    except FileFormatError:
        return
    assert all(note.duration > 0 for note in song.notes)
    assert [note.onset for note in song.notes] == sorted(note.onset for note in song.notes)


def test_a_verse_of_another_length_is_not_sung_to_the_tune(song: LilypondSong) -> None:
    (melody,) = melodies_of_song(song)
    assert (melody.mode, melody.time_signature, melody.style) == ("major", "4/4", "song")
    assert melody.notes[0].onset == 36  # the pickup is the last quarter of its bar
    assert melody.notes[1].pitch % 12 == 0  # G became C
    assert [line[-1].line_break for line in split_into_lines(melody.notes)][-1] == 2


def test_an_archive_gives_the_songs_that_can_be_read(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / SONG_BOOKS_FILE, "w:xz") as archive:
        for name, text in (("b/good.ly", source()), ("a/bad.ly", "nothing"), ("b/good.midi", "MThd")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    (work,) = read_song_books(tmp_path / SONG_BOOKS_FILE)
    assert (work.id, work.group, work.title, work.has_stress) == ("b/good.ly", "b/good.ly", "A TEST.", True)


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=SONG_BOOKS_FILE):
        list(read_song_books(tmp_path / SONG_BOOKS_FILE))
