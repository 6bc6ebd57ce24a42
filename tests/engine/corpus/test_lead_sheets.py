"""Hymns in ABC and flattened lead sheets are read as sung melodies."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from engine.corpus.abc import read_abc
from engine.corpus.harmony import infer_chord, mode_of
from engine.corpus.lead_sheets import (
    HYMNS_FILE,
    LEAD_SHEETS_FILE,
    SungWork,
    apart_from,
    bar_alignment,
    melodies_of_hymn,
    melodies_of_record,
    read_sung_works,
    split_of,
)
from engine.corpus.sung_verse import stresses_of
from engine.errors import FileFormatError
from engine.music.melody_tokens import UNKNOWN_STRESS, ChordDegree, Melody, MelodyNote, split_into_lines

HYMN = """%OHMETRICAL 8 8
X: 1
T: A Test of Singing
M: 4/4 % time signature
L: 1/4 % default length
V: S1V1 clef=treble
K: G % key signature
% 1
[V: S1V1] [Q:1/4=100] D | G G (B/A/) B | d2 c !fermata!B | A
w: 1.~The mor- ning * light is on the hill, and
w: 2.~The eve- ning * star is on the sea, and
[V: S1V2] D | D D D D | G2 F G | F
[V: S2V1] B, | B, B, D D | B,2 A, D | D
[V: S2V2] G,, | G,, G,, G, G, | G,2 D, G, | D,
% 3
[V: S1V1] A B c | d3/2 c/ B ^A | [GB]4- | [GB]3 |]
w: all the birds are sing- ing still.
[V: S1V2] F G F | G G G E | D4- | D3 |]
[V: S2V1] D D D | B, B, B, C | B,4- | B,3 |]
[V: S2V2] D, G, D, | G, G, G, F, | G,4- | G,3 |]
"""


def test_abc_gives_exact_times_pitches_and_syllables() -> None:
    tune = read_abc(HYMN)
    voice = tune.voices["S1V1"]
    assert [(n.onset, n.duration) for n in voice[:4]] == [(0, 1), (1, 1), (2, 1), (3, Fraction(1, 2))]
    assert voice[6].pitches == (74,)
    assert voice[6].syllables[0] == ("on", "single")
    assert voice[7].pitches == (72,)
    assert voice[2].syllables == {0: ("ning", "end"), 1: ("ning", "end")}
    assert voice[1].syllables[1] == ("eve", "begin")
    assert tune.bars[:3] == (0, 1, 5)
    assert tune.fifths == 1


def test_abc_joins_tied_notes_and_reads_accidentals_and_chords() -> None:
    voice = read_abc(HYMN).voices["S1V1"]
    assert voice[-1].duration == 7
    assert voice[-1].pitches == (67, 71)
    assert voice[-2].pitches == (70,)
    assert read_abc(HYMN).voices["S2V1"][0].pitches == (59,)


@pytest.mark.parametrize("missing", ["K:", "L:", "M:"])
def test_abc_without_a_needed_field_is_refused(missing: str) -> None:
    text = "\n".join(line for line in HYMN.splitlines() if not line.startswith(missing))
    with pytest.raises(FileFormatError, match="K:, M: and L:"):
        read_abc(text)


def test_a_hymn_is_transposed_aligned_and_harmonised() -> None:
    melodies = melodies_of_hymn(read_abc(HYMN))
    assert len(melodies) == 2
    melody = melodies[0]
    assert (melody.mode, melody.time_signature, melody.style) == ("major", "4/4", "hymn")
    assert melody.notes[0].onset == 36
    assert melody.notes[1].onset == 48
    assert melody.notes[0].pitch % 12 == 7
    assert melody.notes[1].pitch % 12 == 0
    assert melody.notes[1].chord == ChordDegree(0, "major")
    assert [note.stress for note in melody.notes[:4]] == [0, 1, 0, 0]
    assert melody.notes[3].word_position == "melisma"


def test_lines_of_a_hymn_follow_its_metre() -> None:
    lines = split_into_lines(melodies_of_hymn(read_abc(HYMN))[0].notes)
    assert [sum(note.word_position != "melisma" for note in line) for line in lines] == [8, 8]
    assert [line[-1].line_break for line in lines] == [1, 2]


def record(**changes: Any) -> dict[str, Any]:
    words = [
        "The",
        "rain",
        "is",
        "fall",
        "ing",
        "on",
        "the",
        "town,",
        "And",
        "all",
        "the",
        "bells",
        "are",
        "ring",
        "ing",
        "down",
    ]
    positions = {"fall": "begin", "ring": "begin", "ing": "end"}
    notes = [[3.0 + n, 1.0, 67 - n % 5, [[1, w, positions.get(w, "single")]]] for n, w in enumerate(words)]
    notes.insert(4, [7.0, 0.5, 64, []])
    notes[3][1] = 1.0
    notes[5][0], notes[5][1] = 7.5, 0.5
    plain = {
        "id": "x", "title": "The Rain", "source": "00sapo/OpenEWLD", "language": "en", "key": [0, "major"],
        "time_signatures": [[0.0, "4/4"]], "measures": [0.0, 4.0, 8.0, 12.0, 16.0], "notes": notes,
        "chords": [[0.0, "C", "major", None], [4.0, "G", "dominant", None]],
    }  # fmt: skip
    return plain | changes


def test_a_lead_sheet_keeps_chords_melismas_and_lines() -> None:
    (melody,) = melodies_of_record(record())
    assert melody.notes[0].onset == 36
    assert melody.notes[0].chord == ChordDegree(0, "major")
    assert melody.notes[1].chord == ChordDegree(7, "dominant")
    assert melody.notes[4].word_position == "melisma"
    assert [sum(n.word_position != "melisma" for n in line) for line in split_into_lines(melody.notes)] == [8, 8]


@pytest.mark.parametrize("key", [0, 1, -3, 5])
def test_the_key_does_not_matter(key: int) -> None:
    shift = 7 * key % 12
    notes = [[o, d, p + shift, s] for o, d, p, s in record()["notes"]]
    roots = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
    chords = [[0.0, roots[shift], "major", None], [4.0, roots[(7 + shift) % 12], "dominant", None]]
    assert melodies_of_record(record(key=[key, "major"], notes=notes, chords=chords)) == melodies_of_record(record())


def test_what_cannot_be_used_is_left_out() -> None:
    assert melodies_of_record(record(time_signatures=[[0.0, "7/8"]])) == ()
    assert melodies_of_record(record(notes=record()["notes"][:10])) == ()
    foreign = [[o, d, p, [[1, "xqz", "single"]] if s else []] for o, d, p, s in record()["notes"]]
    assert melodies_of_record(record(notes=foreign)) == ()


def test_stress_comes_from_the_whole_word() -> None:
    syllables = [("re", "begin"), ("mem", "middle"), ("ber", "end"), ("the", "single"), ("night", "single")]
    assert stresses_of(syllables) == [0, 1, 0, 0, 1]


def test_bars_align_after_a_pickup_and_a_split_bar() -> None:
    four = Fraction(4)
    aligned = bar_alignment([Fraction(n) for n in (0, 1, 5, 8, 9, 13)], four)
    assert [aligned(Fraction(n)) for n in (0, 1, 5, 8, 9)] == [3, 4, 8, 11, 12]


def test_chords_and_modes_are_told_from_notes() -> None:
    assert infer_chord({0: 2.0, 4: 1.0, 7: 1.0}, 0) == (0, "major")
    assert infer_chord({7: 2.0, 11: 1.0, 2: 1.0, 5: 1.0}, 7) == (7, "dominant")
    assert infer_chord({9: 2.0, 0: 1.0, 4: 1.0}, 9) == (9, "minor")
    assert mode_of([(57, 4.0), (60, 1.0), (64, 2.0), (57, 4.0)], 0, 9) == "minor"
    assert mode_of([(60, 4.0), (64, 1.0), (67, 2.0), (60, 4.0)], 0, 0) == "major"


def test_works_that_share_a_tune_share_a_split(tmp_path: Path) -> None:
    with gzip.open(tmp_path / LEAD_SHEETS_FILE, "wt", encoding="utf-8") as lines:
        for n, title in enumerate(("The Rain", "Another Name", "Foreign")):
            lines.write(json.dumps(record(id=str(n), title=title, language="en" if n < 2 else "de")) + "\n")
    with tarfile.open(tmp_path / HYMNS_FILE, "w:xz") as archive:
        member = tarfile.TarInfo("Test.abc")
        member.size = len(HYMN.encode())
        archive.addfile(member, io.BytesIO(HYMN.encode()))
    works = read_sung_works(tmp_path)
    assert [work.title for work in works] == ["The Rain", "Another Name", "A Test of Singing"]
    assert works[0].group == works[1].group != works[2].group
    assert split_of(works[0]) == split_of(works[1])


def test_a_missing_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=LEAD_SHEETS_FILE):
        read_sung_works(tmp_path)


def test_every_verse_of_a_hymn_is_a_melody() -> None:
    more = "\n".join(f"w: {n}.~The mor- ning * light is on the hill, and" for n in (3, 4, 5))
    hymn = HYMN.replace("[V: S1V2] D | D", more + "\n[V: S1V2] D | D", 1)
    assert len(melodies_of_hymn(read_abc(hymn))) == 5


def test_words_of_another_language_have_no_stress_and_need_a_pause_for_a_line() -> None:
    nouns = [[o, d, p, [[1, s[0][1].title().rstrip(","), s[0][2]]] if s else []] for o, d, p, s in record()["notes"]]
    (melody,) = melodies_of_record(record(language="de", notes=nouns))
    assert {note.stress for note in melody.notes if note.word_position != "melisma"} == {UNKNOWN_STRESS}
    assert len(split_into_lines(melody.notes)) == 1
    (french,) = melodies_of_record(record(language="fr"))
    assert len(split_into_lines(french.notes)) == 2


def test_a_tune_without_words_has_a_syllable_on_every_note() -> None:
    (melody,) = melodies_of_record(record(language=None, notes=[[*note[:3], []] for note in record()["notes"]]))
    assert {(note.word_position, note.stress) for note in melody.notes} == {("single", UNKNOWN_STRESS)}


def test_told_chords_stand_in_only_where_none_are_printed() -> None:
    told = [(0.0, 2, "minor"), (4.0, 7, "dominant")]
    (melody,) = melodies_of_record(record(chords=[]), told)
    assert [melody.notes[0].chord, melody.notes[1].chord] == [ChordDegree(2, "minor"), ChordDegree(7, "dominant")]
    assert melodies_of_record(record(), told) == melodies_of_record(record())


def test_works_apart_share_neither_title_nor_twelve_intervals() -> None:
    def work(title: str, pitches: list[int]) -> SungWork:
        notes = tuple(MelodyNote(12 * n, 12, pitch, 1, "single") for n, pitch in enumerate(pitches))
        return SungWork(title, title, "x", title, (Melody("major", "4/4", "song", notes),))

    tune = [60, 62, 64, 60, 67, 69, 71, 72, 70, 65, 64, 62, 60]
    held_out = [work("Rain", tune)]
    repeated = work("Other", [55, *(pitch - 5 for pitch in tune for _ in range(2)), 70])
    shorter = work("Short", tune[:-1])
    assert apart_from([repeated, shorter, work("RAIN!", [60] * 20)], held_out) == [shorter]
