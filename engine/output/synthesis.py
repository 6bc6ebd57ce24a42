"""A score as sound, made in this process: rendered through a SoundFont, brought to one loudness, encoded.

Does not know which SoundFont to take, nor in which process it runs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import OutputError
from engine.music.score import TICKS_PER_QUARTER, Score
from engine.output.encoding import encode_flac, encode_mp3, encode_vorbis
from engine.output.loudness import normalise
from engine.output.soundfont_loops import with_safe_loops

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# SoundFonts rarely hold anything above 16 kHz, and 32 kHz takes two thirds of the time of 44.1 kHz.
SAMPLE_RATE_HZ = 32_000
RELEASE_SECONDS = 2.0
FADE_SECONDS = 1.5


def score_to_ogg(score: Score, soundfont: Path) -> bytes:
    """Return the score as an Ogg Vorbis file near -16 LUFS and under -1 dBFS; OutputError if no sound can be made."""
    return encode_vorbis(normalise(synthesise(score, soundfont), SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)


def score_to_mp3(score: Score, soundfont: Path) -> bytes:
    """Return the same sound as an MP3 file."""
    return encode_mp3(normalise(synthesise(score, soundfont), SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)


def score_to_flac(score: Score, soundfont: Path) -> bytes:
    """Return the same sound as a FLAC file, to be mixed with another."""
    return encode_flac(normalise(synthesise(score, soundfont), SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)


def synthesise(score: Score, soundfont: Path) -> NDArray[np.float32]:
    """Return the sound as (2, frames), as long as the score and its release, fading at the end."""
    import numpy as np

    frames = round((score_seconds(score) + RELEASE_SECONDS) * SAMPLE_RATE_HZ)
    # Samples of the two channels alternate in memory, as the synthesiser gives them and the encoder wants them.
    samples = np.zeros((frames, 2), dtype=np.float32).T
    add_with_symusic(score, soundfont, samples)
    fade_frames = min(frames, round(FADE_SECONDS * SAMPLE_RATE_HZ))
    samples[:, frames - fade_frames :] *= np.linspace(1.0, 0.0, fade_frames, dtype=np.float32) ** 2
    return samples


def add_with_symusic(score: Score, soundfont: Path, samples: NDArray[np.float32]) -> None:
    """Add the sound of all tracks to samples (2, frames); what sounds after their end is left out.

    Track by track: symusic renders the tracks of a score in parallel and adds them as they come, and sums of floats
    depend on their order.
    """
    tracks = [track for track in score.tracks if track.notes]
    if not tracks:
        return
    import symusic

    # A path is always given: without one symusic would download a SoundFont. It maps the file at once, so that a copy
    # may be gone before the first note, and is not left behind where this process is killed.
    with with_safe_loops(soundfont) as safe:
        try:
            synthesizer = symusic.Synthesizer(str(safe), SAMPLE_RATE_HZ, 0)
        except RuntimeError as error:
            raise OutputError(f"{soundfont} cannot be read ({error}); name another .sf2 or .sf3 file") from error
    for track in tracks:
        try:
            rendered = synthesizer.render(as_symusic(replace(score, tracks=(track,))), True)
        except TypeError as error:
            # The wheels of symusic 0.6.0 cannot hand the sound over to Python.
            raise OutputError("this version of symusic cannot render sound; install symusic 0.5.9") from error
        frames = min(rendered.shape[1], samples.shape[1])
        samples[:, :frames] += rendered[:, :frames]


def as_symusic(score: Score) -> Any:
    """Return the score as a `symusic.Score`; only what sounds is carried over."""
    import symusic

    copy: Any = symusic.Score(TICKS_PER_QUARTER)
    for change in score.tempos:
        copy.tempos.append(symusic.Tempo(change.onset_ticks, change.tempo_qpm))
    for track in score.tracks:
        part: Any = symusic.Track(track.name, track.program, track.is_drum)
        for note in track.notes:
            part.notes.append(symusic.Note(note.onset_ticks, note.duration_ticks, note.pitch, note.velocity))
        copy.tracks.append(part)
    return copy


def score_seconds(score: Score) -> float:
    """Return how long the score lasts, in seconds, by its tempo changes."""
    changes = sorted(score.tempos, key=lambda change: change.onset_ticks)
    ends = [change.onset_ticks for change in changes[1:]] + [score.length_ticks]
    return sum(
        max(0, min(end, score.length_ticks) - change.onset_ticks) * 60.0 / (change.tempo_qpm * TICKS_PER_QUARTER)
        for change, end in zip(changes, ends, strict=True)
    )
