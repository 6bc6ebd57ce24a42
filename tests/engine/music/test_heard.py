"""Which track is the melody: whatever the order of the tracks, by words, names in several languages, and height."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.music.heard import find_melody, melody_line
from engine.music.score import LyricEvent, Note, Score, Track
from tests.bench.midi_files import arranged_song

SONGS = [arranged_song(seed) for seed in range(6)]


def line(low: int, name: str = "") -> Track:
    return Track(name, 0, tuple(Note(n * 480, low + n % 5, 480) for n in range(16)))


def score_of(*tracks: Track) -> Score:
    return Score(tracks, 8000)


def melody_of(*tracks: Track) -> int:
    return find_melody(score_of(*tracks), None, [False] * len(tracks))


@settings(deadline=None)
@given(st.sampled_from(SONGS), st.randoms(use_true_random=False))
def test_the_same_track_is_found_in_any_order_without_names(song: Score, random: object) -> None:
    # A solo plays the tune as well, and a second voice goes with its highest part: without names they may be meant.
    alone = [track for track in song.tracks if track.name not in ("Solo", "Second Voice")]
    tracks = [replace(track, name="", lyrics=(), program=0) for track in alone]
    melody = tracks[0]
    random.shuffle(tracks)  # type: ignore[attr-defined]
    assert tracks[melody_of(*tracks)] == melody


@pytest.mark.parametrize(
    "name", ["Melody", "Lead Vox", "Gesangsstimme", "Mélodie", "Canto", "Voz", "主旋律", "メロディ"]
)
def test_a_name_says_more_than_height(name: str) -> None:
    assert melody_of(line(84, "Flute"), line(60, name), line(36)) == 1


def test_backing_voices_and_basses_are_not_the_melody() -> None:
    assert melody_of(line(84, "Backing Vocals"), line(60, "Melody"), line(40, "Bass")) == 1


def test_words_say_more_than_names() -> None:
    sung = replace(line(50), lyrics=(LyricEvent(0, "la"),))
    assert melody_of(line(84, "Melody"), sung) == 1


def test_a_tune_with_some_double_stops_is_found_and_a_track_of_chords_is_not() -> None:
    tune = line(70)
    doubled = replace(
        tune, notes=tuple(sorted((*tune.notes, *(replace(n, pitch=n.pitch - 3) for n in tune.notes[:3]))))
    )
    chords = replace(tune, notes=tuple(Note(n.onset_ticks, pitch, 480) for n in tune.notes for pitch in (48, 52, 55)))
    assert melody_of(chords, doubled) == 1
    assert len(melody_line(doubled)) == len(tune.notes)
    with pytest.raises(RequestError, match="no track of this music is a melody"):
        melody_of(chords)


def test_drums_alone_have_no_melody_and_a_long_list_says_that_it_goes_on() -> None:
    kit = Track("Kit", 0, (Note(0, 36, 480),), is_drum=True)
    for named in (None, "Kit"):
        with pytest.raises(RequestError, match=r"^this music has no notes with a pitch, drums at most; choose music"):
            find_melody(score_of(kit), named, [False])
    with pytest.raises(RequestError, match=r"name the one that is meant as track: 1 A, .*, 8 A \.\.\.$"):
        find_melody(score_of(*(line(60, "A") for _ in range(9))), "kazoo", [False] * 9)
