"""A score as sound: rendered through a SoundFont, brought to one loudness, written as Ogg Vorbis.

Does not know which program stands for which part of the band, and never downloads a SoundFont.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import OutputError
from engine.music.score import TICKS_PER_QUARTER, Score
from engine.output.loudness import normalise
from engine.output.ogg import with_fixed_serial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEDIA_TYPE = "audio/ogg"
# SoundFonts rarely hold anything above 16 kHz, and 32 kHz takes two thirds of the time of 44.1 kHz.
SAMPLE_RATE_HZ = 32_000
RELEASE_SECONDS = 2.0
FADE_SECONDS = 1.5
# libsndfile overflows its stack when an Ogg file is written in one go.
WRITE_BLOCK_FRAMES = 16_384
VORBIS_SERIAL = 0x536F6E67

SYSTEM_SOUNDFONTS = (
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/soundfonts/FluidR3_GM.sf2",
    "/usr/share/sounds/sf3/MuseScore_General.sf3",
    "/usr/share/soundfonts/MuseScore_General.sf3",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/sounds/sf3/default-GM.sf3",
    "/usr/share/soundfonts/default.sf2",
    "/usr/share/sounds/sf2/GeneralUser_GS.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/opt/homebrew/share/soundfonts/default.sf2",
)
NO_SOUNDFONT = (
    "no SoundFont was found, so there is no sound; install pretty_midi, which brings one, "
    "or a system package such as fluid-soundfont-gm, or name an .sf2 file"
)


def render_audio(score: Score, soundfont: Path | None = None) -> tuple[bytes, str]:
    """Return the score as (Ogg Vorbis bytes, media type), near -16 LUFS and under -1 dBFS.

    soundfont: an .sf2 or .sf3 file; the best one found by `find_soundfont` if None. The same score and SoundFont
    give the same bytes. A score without notes is silence of its length. OutputError if no sound can be made.
    """
    samples = synthesise(score, find_soundfont(soundfont))
    return encode_vorbis(normalise(samples, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ), MEDIA_TYPE


def find_soundfont(asked: Path | None = None) -> Path:
    """Return `asked`, or the first SoundFont of the system, or the one in pretty_midi; OutputError if there is none."""
    if asked is not None:
        if not looks_like_soundfont(asked):
            raise OutputError(f"{asked} is not a SoundFont that can be read; name an existing .sf2 or .sf3 file")
        return asked
    for candidate in soundfont_candidates():
        if looks_like_soundfont(candidate):
            return candidate
    raise OutputError(NO_SOUNDFONT)


def describe_soundfont(asked: Path | None = None) -> str:
    """Return one line for people: name, size and place of the SoundFont in use. OutputError if there is none."""
    path = find_soundfont(asked)
    return f"{path.name} ({path.stat().st_size / 1e6:.1f} MB, {path.parent})"


def soundfont_candidates() -> Iterator[Path]:
    """Give the places where SoundFonts lie, best sound first; they may not exist."""
    yield from (Path(place) for place in SYSTEM_SOUNDFONTS)
    # find_spec: importing pretty_midi itself would take a third of a second.
    spec = importlib.util.find_spec("pretty_midi")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).with_name("TimGM6mb.sf2")


def looks_like_soundfont(path: Path) -> bool:
    """Say whether the file starts as every SoundFont does; False if it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"sfbk"


def synthesise(score: Score, soundfont: Path) -> NDArray[np.float32]:
    """Return the sound as (2, frames), as long as the score and its release, fading at the end."""
    import numpy as np

    frames = round((score_seconds(score) + RELEASE_SECONDS) * SAMPLE_RATE_HZ)
    samples = np.zeros((2, frames), dtype=np.float32)
    if any(track.notes for track in score.tracks):
        rendered = render_with_symusic(score, soundfont)[:, :frames]
        samples[:, : rendered.shape[1]] = rendered
    fade_frames = min(frames, round(FADE_SECONDS * SAMPLE_RATE_HZ))
    samples[:, frames - fade_frames :] *= np.linspace(1.0, 0.0, fade_frames, dtype=np.float32) ** 2
    return samples


def render_with_symusic(score: Score, soundfont: Path) -> NDArray[np.float32]:
    """Return the sound as (2, frames), as long as symusic makes it; the same in every fresh process.

    Track by track: symusic renders the tracks of a score in parallel and adds them as they come, and sums of floats
    depend on their order. What stays: symusic 0.5.9 reads about 1 sample in 200,000 of some programs from memory that it
    never wrote, so later renderings in one process can differ there.
    """
    import numpy as np
    import symusic

    # A path is always given: without one symusic would download a SoundFont.
    synthesizer = symusic.Synthesizer(str(soundfont), SAMPLE_RATE_HZ, 0)
    sum_of_tracks = np.zeros((2, 0), dtype=np.float32)
    for track in (track for track in score.tracks if track.notes):
        try:
            rendered = synthesizer.render(as_symusic(replace(score, tracks=(track,))), True)
        except TypeError as error:
            # The wheels of symusic 0.6.0 cannot hand the sound over to Python.
            raise OutputError("this version of symusic cannot render sound; install symusic 0.5.9") from error
        longer = max(sum_of_tracks.shape[1], rendered.shape[1])
        sum_of_tracks = np.pad(sum_of_tracks, ((0, 0), (0, longer - sum_of_tracks.shape[1])))
        sum_of_tracks[:, : rendered.shape[1]] += rendered
    return sum_of_tracks


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


def encode_vorbis(samples: NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """Return samples (2, frames) as an Ogg Vorbis file, the same bytes for the same samples."""
    import numpy as np
    import soundfile

    interleaved = np.ascontiguousarray(samples.T)  # (frames, 2)
    file = io.BytesIO()
    try:
        with soundfile.SoundFile(file, "w", sample_rate_hz, 2, "VORBIS", format="OGG") as writer:
            for start in range(0, len(interleaved), WRITE_BLOCK_FRAMES):
                writer.write(interleaved[start : start + WRITE_BLOCK_FRAMES])
    except soundfile.SoundFileError as error:
        raise OutputError(f"the sound could not be encoded: {error}") from error
    return with_fixed_serial(file.getvalue(), VORBIS_SERIAL)
