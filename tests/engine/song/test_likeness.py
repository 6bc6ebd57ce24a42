"""Songs that are alike: a song is most like itself in any key, what is named as a reason is in both, half songs find halves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.evaluation.likeness_figures import found_halves, halves_of_texts, halves_of_tunes
from engine.lyrics.associations import Associations
from engine.music.as_json import lead_sheet_to_json
from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote
from engine.music.score import TimeSignature
from engine.music.transposition import transpose_sheet
from engine.song.likeness import Compared, Likeness, cosine_of
from engine.song.likeness_features import chord_vector, given_vector, telling_words, tune_vector
from engine.song.likeness_metric import LikenessMetric, shipped_metric
from engine.training.likeness import halves_of, learn

SEA = "ship sail tide harbour wave storm anchor"
SNOW = "snow frost winter ice cold sledge icicle"
COMMON = "love heart day eyes life man light night sweet god".split()


@pytest.fixture(scope="module")
def associations() -> Associations:
    """Return vectors in which the words of the sea are near each other, and those of the snow."""
    rng = np.random.default_rng(0)
    groups = [(COMMON * 40, 0), (SEA.split(), 1), (SNOW.split(), 2)]
    words: list[str] = []
    vectors = []
    for group, axis in groups:
        for number, word in enumerate(group):
            words.append(word if axis or number < len(COMMON) else f"filler{number}")
            vectors.append(np.eye(8)[axis] * 3 + rng.normal(size=8) * 0.5)
    found = np.array(vectors)
    return Associations(words, found / np.linalg.norm(found, axis=1, keepdims=True))


def a_sheet(seed: int = 0, bars: int = 16, key: str = "C major") -> LeadSheet:
    """Return a tune that keeps to habits of its own, in both its halves."""
    rng = np.random.default_rng(seed)
    pitches = rng.choice([60, 62, 64, 65, 67, 69, 71, 72], size=8)
    lengths = rng.choice([240, 480, 480, 960], size=8)
    notes, at, place = [], 0, 0
    while at < bars * 1920 - 960:
        wobble = int(rng.integers(-1, 2)) if rng.random() < 0.2 else 0
        notes.append(SungNote(at, int(lengths[place % 8]), int(pitches[place % 8]) + wobble, None))
        at, place = at + int(lengths[place % 8]), place + 1
    symbols = rng.choice(["C", "F", "G", "Am", "Dm", "Em", "G7"], size=4)
    chords = tuple(ChordSpan(bar * 1920, 1920, str(symbols[bar % 4])) for bar in range(bars))
    return LeadSheet("", key, TimeSignature(4, 4), 100.0, bars * 1920, tuple(notes), chords, (), is_sung=False)


def a_song(song_id: str, words: str = "", sheet: LeadSheet | None = None, tempo: float = 100.0) -> Compared:
    json = None if sheet is None else lead_sheet_to_json(sheet)
    key = None if sheet is None else sheet.key_name
    return Compared(
        song_id, words, json, key, None if sheet is None else tempo, None if sheet is None else "4/4", "folk"
    )


@given(semitones=st.integers(-6, 6), seed=st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_what_is_compared_does_not_depend_on_the_key(semitones: int, seed: int) -> None:
    sheet = a_sheet(seed)
    moved = transpose_sheet(sheet, semitones)
    for vector in (tune_vector, chord_vector):
        one, other = vector(sheet), vector(moved)
        assert one is not None
        assert other is not None
        assert np.allclose(one, other)


def test_a_song_is_most_like_its_own_twin_and_the_order_does_not_matter(associations: Associations) -> None:
    likeness = Likeness(associations)
    songs = [a_song(str(n), SEA if n % 2 else SNOW, a_sheet(n)) for n in range(8)]
    likeness.learn([*songs, replace(songs[3], id="twin")])
    ids = [song.id for song in songs] + ["twin"]
    near = likeness.nearest(songs[3], ids, 3)
    assert (near[0].id, near[0].likeness) == ("twin", 1.0)
    assert "3" not in {found.id for found in near}
    assert near == likeness.nearest(songs[3], ids[::-1], 3)
    assert [found.likeness for found in near] == sorted((found.likeness for found in near), reverse=True)


def test_words_alone_and_music_alone_find_their_like(associations: Associations) -> None:
    likeness = Likeness(associations)
    likeness.learn([a_song("sea", SEA, a_sheet(1)), a_song("snow", SNOW, a_sheet(2))])
    words = likeness.nearest(a_song("words", "tide anchor sail harbour wave"), ["sea", "snow"], 2)
    assert [found.id for found in words] == ["sea", "snow"]
    music = likeness.nearest(a_song("music", "", a_sheet(2)), ["sea", "snow"], 2)
    assert [found.id for found in music] == ["snow", "sea"]
    assert likeness.nearest(a_song("nothing"), ["sea", "snow"], 2) == []


def test_a_song_with_little_in_common_has_no_advantage(associations: Associations) -> None:
    likeness = Likeness(associations)
    likeness.learn([a_song("words only", SEA), a_song("all", SEA, a_sheet(1))])
    near = likeness.nearest(a_song("asked", SEA, a_sheet(1)), ["words only", "all"], 2)
    assert [found.id for found in near] == ["all", "words only"]


def test_what_is_named_as_a_reason_is_in_both(associations: Associations) -> None:
    likeness = Likeness(associations)
    other = a_song("other", "anchor tide love heart day", a_sheet(1), tempo=104.0)
    likeness.learn([other])
    (found,) = likeness.nearest(a_song("asked", SEA + " love", a_sheet(1)), ["other"], 1)
    reasons = {reason.kind: reason.values for reason in found.reasons}
    assert reasons["same_key"] == {"key": "C major"}
    assert reasons["near_tempo"] == {"tempo": "104"}
    assert reasons["shared_words"] == {"words": "anchor, tide"}  # "love" is in most songs
    assert {"tune", "chords"} <= reasons.keys()
    (far,) = likeness.nearest(a_song("far", SNOW, transpose_sheet(a_sheet(5), 2), tempo=60.0), ["other"], 1)
    assert not {"same_key", "near_tempo", "shared_words"} & {reason.kind for reason in far.reasons}


def test_what_was_learned_is_remembered(associations: Associations) -> None:
    likeness = Likeness(associations)
    likeness.learn([a_song("a", SEA)])
    assert likeness.unknown(["a", "b"]) == ["b"]


def test_few_notes_few_chords_and_few_words_say_nothing(associations: Associations) -> None:
    short = replace(a_sheet(), notes=a_sheet().notes[:7], chords=(ChordSpan(0, 1920, "N.C."),))
    assert tune_vector(short) is None
    assert chord_vector(short) is None
    assert given_vector(None, 100.0, "4/4") is None
    features = Likeness(associations).features(a_song("few", "ship tide"))
    assert features.words is None
    assert cosine_of("words", features, features) is None
    assert telling_words("[Verse 1]\nThe sea and the Sea") == ["sea"]


def test_a_metric_is_learned_saved_and_read_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    sheets = [a_sheet(seed) for seed in range(60)]
    metric = learn(sheets[:55])
    path = tmp_path_factory.mktemp("metric") / "likeness.npz"
    metric.save(path)
    read = LikenessMetric.open(path)
    vector = tune_vector(sheets[0])
    assert vector is not None
    assert np.allclose(read.projections["tune"](vector), metric.projections["tune"](vector), atol=1e-4)
    with pytest.raises(RequestError, match="are needed"):
        learn(sheets[:3])


def test_halves_of_tunes_with_habits_find_each_other() -> None:
    found = halves_of_tunes([a_sheet(seed) for seed in range(100, 120)], shipped_metric())
    assert found["tune"].among == 20
    assert found["tune"].chance == 0.05
    assert found["tune"].first > 0.5
    assert halves_of(replace(a_sheet(), notes=a_sheet().notes[:10])) is None


def test_halves_are_found_by_rank_both_ways() -> None:
    unit = np.eye(4)
    assert (found_halves(unit, unit).first, found_halves(unit, unit[[1, 0, 3, 2]]).first) == (1.0, 0.0)


def test_halves_of_texts_find_each_other_by_what_they_are_about(associations: Associations) -> None:
    texts = ["\n".join([*words.split()[:3], "love heart", *words.split()[3:], "day eyes"]) for words in (SEA, SNOW)]
    assert halves_of_texts(texts, associations).first == 1.0
