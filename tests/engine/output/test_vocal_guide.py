"""Promises of the vocal guide: each syllable at its time, its length and its pitch, from a synthesiser that stands in.

A real one has never been heard here: the program that stands in for espeak-ng answers every utterance with a vowel of 120 Hz.
"""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import SingRequest
from engine.errors import OutputError
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import syllables_of
from engine.music.arranger import arrange
from engine.music.bands import BANDS
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable
from engine.music.score import TimeSignature
from engine.output import vocal_guide
from engine.output.synthesis import SAMPLE_RATE_HZ
from engine.output.vocal_guide_sound import fitted, pitch_hz, resampled, without_silence
from engine.output.vocal_guide_speech import (
    CHINESE,
    find_synthesiser,
    mnemonics,
    read_wave,
    syllables_of_sound,
    utterances,
)

RATE = 22_050
STAND_IN = """#!{python}
import math, struct, sys, wave
arguments = sys.argv[1:]
assert arguments[arguments.index("--") + 1], "something to say"
with open({log!r}, "a") as log:
    log.write(" ".join(arguments[:4] + arguments[-1:]) + chr(10))
with wave.open(arguments[arguments.index("-w") + 1], "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate({rate})
    sound = [sum(math.sin(2 * math.pi * 120 * k * n / {rate}) / k for k in range(1, 6)) for n in range({rate} // 4)]
    file.writeframes(bytes({rate} // 5) + b"".join(struct.pack("<h", int(9000 * x)) for x in sound) + bytes({rate} // 5))
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program called espeak-ng on the path, alone; return what it logs its arguments to."""
    log, program = tmp_path / "log", tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable, log=str(log), rate=RATE))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return log


def a_sheet() -> LeadSheet:
    """Return a sung word on C4 and E4, a melisma on it, a rest, and a rapped word."""
    words = [syllable for word in ("river", "night") for syllable in syllables_of(word)]
    sung = [
        SungSyllable(s.text, s.stress, s.word_position, line, line_end=s.word_position != "begin")
        for s, line in zip(words, (0, 0, 1), strict=True)
    ]
    notes = (
        SungNote(0, 480, 60, sung[0]),
        SungNote(480, 480, 64, sung[1]),
        SungNote(960, 480, 67, None),
        SungNote(1920, 480, 57, sung[2], is_spoken=True),
    )
    chords, sections = (ChordSpan(0, 3840, "C"),), (SectionSpan("Verse 1", 0, 3840),)
    return LeadSheet("Demo", "C major", TimeSignature(4, 4), 60.0, 3840, notes, chords, sections)


@settings(deadline=None, max_examples=40)
@given(seconds=st.floats(0.05, 1.5), target=st.floats(80, 300))
def test_a_syllable_is_as_long_and_as_high_as_its_note(seconds: float, target: float) -> None:
    place = np.arange(RATE // 4) / RATE
    harmonics = [np.sin(2 * np.pi * 130 * k * place) / k for k in range(1, 6)]
    vowel = np.sum(harmonics, axis=0).astype(np.float32)
    sound = fitted(vowel, RATE, seconds, target)
    assert len(sound) == round(seconds * RATE)
    assert np.isfinite(sound).all()
    found = pitch_hz(without_silence(sound), RATE)
    if seconds > 0.25:
        assert found == pytest.approx(target, rel=0.03)
    assert np.array_equal(fitted(vowel, RATE, seconds, target), sound)


def test_noise_and_silence_have_no_pitch_and_are_stretched_all_the_same() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, RATE // 5).astype(np.float32)
    assert pitch_hz(noise, RATE) is None
    assert len(fitted(noise, RATE, 0.5, 220.0)) == RATE // 2
    assert not fitted(np.zeros(RATE, dtype=np.float32), RATE, 0.5, 220.0).any()
    assert len(fitted(noise, RATE, 0.0, 220.0)) == 0


def test_another_rate_keeps_the_pitch() -> None:
    place = np.arange(RATE // 2) / RATE
    tone = np.sin(2 * np.pi * 150 * place).astype(np.float32)
    assert pitch_hz(resampled(tone, RATE, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ) == pytest.approx(150, rel=0.02)


@pytest.mark.parametrize(
    ("word", "spoken"),
    [
        ("hello", ["h@", "l'oU"]), ("night", ["n'aIt"]), ("river", ["r'I", "v3"]), ("star", ["st'A@"]),
        ("extra", ["'Ek", "str@"]), ("cheering", ["tS'I", "rIN"]),
    ],
)  # fmt: skip
def test_words_are_spoken_by_the_sounds_they_were_counted_by(word: str, spoken: list[str]) -> None:
    assert [mnemonics(part) for part in syllables_of_sound(pronounce(word))] == spoken


@given(words=st.lists(st.from_regex("[a-z]{1,9}", fullmatch=True), min_size=1, max_size=5))
def test_every_syllable_has_one_utterance(words: list[str]) -> None:
    said = [SungSyllable(s.text, s.stress, s.word_position, 0) for word in words for s in syllables_of(word)]
    found = utterances(said)
    assert len(found) == len(said)
    assert all(utterance.text for utterance, syllable in zip(found, said, strict=True) if syllable.text)
    sounds = [sound for word in words for sound in pronounce(word)]
    parts = [part for word in words for part in syllables_of_sound(pronounce(word))]
    assert [sound for part in parts for sound in part] == sounds


def test_chinese_is_read_by_its_characters() -> None:
    said = [SungSyllable(text, 1, "single", 0) for text in ("月", "光，")]
    assert [(one.text, one.language) for one in utterances(said)] == [("月", CHINESE), ("光", CHINESE)]


def test_without_a_synthesiser_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="install espeak-ng"):
        find_synthesiser()
    with pytest.raises(OutputError, match="gave no sound"):
        read_wave(b"RIFF", "espeak-ng")


def test_syllables_sound_at_their_time_and_pitch(stand_in: Path) -> None:
    sheet = a_sheet()
    score = arrange(sheet, BANDS["hip-hop"], 1)
    voice = vocal_guide._voice(sheet, score, find_synthesiser(), lambda: False)

    def heard(start: float, end: float) -> float | None:
        return pitch_hz(voice[round(start * SAMPLE_RATE_HZ) : round(end * SAMPLE_RATE_HZ)], SAMPLE_RATE_HZ)

    # At 60 quarters a minute a quarter lasts a second. All sung notes lie an octave lower, as the voice does.
    assert heard(0.1, 0.9) == pytest.approx(261.63 / 2, rel=0.03)
    assert heard(1.1, 1.9) == pytest.approx(329.63 / 2, rel=0.03)
    assert heard(2.1, 2.9) == pytest.approx(392.0 / 2, rel=0.03)
    assert np.abs(voice[round(3.05 * SAMPLE_RATE_HZ) : round(3.95 * SAMPLE_RATE_HZ)]).max() == 0
    assert heard(4.1, 4.9) == pytest.approx(120, rel=0.03)
    assert stand_in.read_text().splitlines() == [
        "-v en-us -s 140 [[r'I]]", "-v en-us -s 140 [[v3]]", "-v en-us -s 140 [[n'aIt]]",
    ]  # fmt: skip


@pytest.mark.usefixtures("stand_in")
def test_the_guide_is_voice_and_band_in_one_file() -> None:
    import soundfile

    sheet = a_sheet()
    score = arrange(sheet, BANDS["hip-hop"], 1)
    data = vocal_guide.vocal_guide_ogg(sheet, score)
    samples, rate = soundfile.read(io.BytesIO(data))
    assert rate == SAMPLE_RATE_HZ
    assert len(samples) / rate == pytest.approx(8, abs=2.5)
    assert np.abs(samples).max() < 1
    silent = replace(score, tracks=tuple(track for track in score.tracks if track.name in vocal_guide.LEFT_OUT))
    alone, _ = soundfile.read(io.BytesIO(vocal_guide.vocal_guide_ogg(sheet, silent)))
    assert not np.allclose(samples[: len(alone)], alone[: len(samples)], atol=0.02)  # the band is heard
    assert data == vocal_guide.vocal_guide_ogg(sheet, score)


def test_it_is_a_file_that_can_be_asked_for() -> None:
    from engine.song.file_names import named_files

    assert named_files("guide") == ("guide",)
    assert SingRequest(lyrics="la la", style="rap").style == "rap"
