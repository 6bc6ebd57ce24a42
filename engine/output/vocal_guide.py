"""A demo of a song for whoever will sing or rap it: a speech synthesiser speaks each syllable at its time and pitch.

Does not know how speech is made or stretched (see vocal_guide_speech, vocal_guide_sound). The band plays along, quieter.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from engine.errors import Cancelled
from engine.music.lead_sheet import LeadSheet, SungNote, syllables_covered
from engine.music.midi_file import seconds_at
from engine.music.score import Score
from engine.music.spoken_rhythm import SPOKEN_RHYTHM
from engine.output.audio import Rendering, find_soundfont
from engine.output.encoding import encode_vorbis
from engine.output.loudness import normalise
from engine.output.synthesis import SAMPLE_RATE_HZ
from engine.output.vocal_guide_sound import fitted, pitch_hz, resampled, without_silence
from engine.output.vocal_guide_speech import Speech, Utterance, find_synthesiser, speak, utterances

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BAND_SHARE = 0.35  # of its own level, under the voice
VOICE_PEAK = 0.5
LEFT_OUT = ("Melody", SPOKEN_RHYTHM)  # the voice takes their place
USUAL_VOICE_HZ = 120.0


@dataclass(frozen=True)
class _Sung:
    """A syllable with its time. pitches: of its notes with their seconds; none where it is spoken."""

    utterance: Utterance
    start_seconds: float
    seconds: float
    pitches: tuple[tuple[int, float], ...]


def vocal_guide_ogg(
    sheet: LeadSheet, score: Score, soundfont: Path | None = None, cancelled: Callable[[], bool] = lambda: False
) -> bytes:
    """Return voice and band as an Ogg Vorbis file; the same bytes each time from the same synthesiser.

    OutputError where there is no synthesiser or SoundFont, Cancelled when `cancelled()`.
    """
    synthesiser = find_synthesiser()
    band = replace(score, tracks=tuple(track for track in score.tracks if track.name not in LEFT_OUT))
    with Rendering(band, find_soundfont(soundfont), "flac") as rendering:
        voice = _voice(sheet, score, synthesiser, cancelled)
        played = _read(rendering.wait(cancelled)) * BAND_SHARE
    frames = min(len(voice), played.shape[1])
    played[:, :frames] += voice[:frames]
    return encode_vorbis(normalise(played, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)


def _voice(sheet: LeadSheet, score: Score, synthesiser: Path, cancelled: Callable[[], bool]) -> NDArray[np.float32]:
    """Return the voice alone, (frames,) at the rate of the band; equal syllables are spoken once."""
    import numpy as np

    sung = list(_syllables(sheet, score))
    spoken: dict[Utterance, Speech] = {}
    for syllable in sung:
        if cancelled():
            raise Cancelled("the song was taken back")
        if syllable.utterance not in spoken:
            spoken[syllable.utterance] = speak(synthesiser, syllable.utterance)
    factor = _octaves(sung, spoken)
    end = max((syllable.start_seconds + syllable.seconds for syllable in sung), default=0.0)
    voice = np.zeros(round((end + 1) * SAMPLE_RATE_HZ), dtype=np.float32)
    for syllable in sung:
        speech = spoken[syllable.utterance]
        sound = resampled(_sounding(syllable, speech, factor), speech.sample_rate_hz, SAMPLE_RATE_HZ)
        at = round(syllable.start_seconds * SAMPLE_RATE_HZ)
        voice[at : at + len(sound)] += sound
    peak = float(np.abs(voice).max(initial=0.0))
    return voice * np.float32(VOICE_PEAK / peak) if peak else voice


def _sounding(syllable: _Sung, speech: Speech, factor: float) -> NDArray[np.float32]:
    """Return a syllable at its length and at the pitch of its first note; in a melisma its vowel goes on at the others'."""
    import numpy as np

    rate = speech.sample_rate_hz
    if not syllable.pitches:
        return fitted(speech.samples, rate, syllable.seconds, None)
    first, *others = syllable.pitches
    sounds = [fitted(speech.samples, rate, first[1], factor * _hertz(first[0]))]
    vowel = without_silence(speech.samples)
    vowel = vowel[len(vowel) // 3 : 2 * len(vowel) // 3]
    sounds += [fitted(vowel, rate, seconds, factor * _hertz(pitch)) for pitch, seconds in others]
    return np.concatenate(sounds)


def _octaves(sung: list[_Sung], spoken: dict[Utterance, Speech]) -> float:
    """Return the power of two that brings the melody nearest to the pitch of the speaking voice."""
    import numpy as np

    found = [pitch_hz(without_silence(speech.samples), speech.sample_rate_hz) for speech in spoken.values()]
    voices = [hertz for hertz in found if hertz is not None]
    notes = [_hertz(pitch) for syllable in sung for pitch, _ in syllable.pitches]
    if not notes:
        return 1.0
    return float(2.0 ** np.round(np.log2((median(voices) if voices else USUAL_VOICE_HZ) / median(notes))))


def _syllables(sheet: LeadSheet, score: Score) -> Iterator[_Sung]:
    """Yield every syllable with its notes, times by the tempos of the score."""
    said = iter(utterances(syllables_covered(sheet)))
    groups: list[list[SungNote]] = []
    for note in sheet.notes:
        if note.syllable is not None:
            groups.append([])
        groups[-1].append(note)
    for notes in groups:
        starts = [seconds_at(score, note.onset_ticks) for note in notes]
        ends = [seconds_at(score, note.onset_ticks + note.duration_ticks) for note in notes]
        lengths = [end - start for start, end in zip(starts, ends, strict=True)]
        pitches = () if notes[0].is_spoken else tuple((n.pitch, s) for n, s in zip(notes, lengths, strict=True))
        yield _Sung(next(said), starts[0], sum(lengths), pitches)


def _hertz(pitch: int) -> float:
    return 440.0 * 2.0 ** ((pitch - 69) / 12)


def _read(flac: bytes) -> NDArray[np.float32]:
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(flac), dtype="float32")
    return samples.T.copy()
