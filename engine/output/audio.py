"""A score as sound: which SoundFont it is played with, and the process of its own that renders it.

Does not know which program stands for which part of the band, and never downloads a SoundFont.

A process for each song: it keeps 220 MB out of a worker that lives long, leaves its interpreter to the other threads,
can be stopped, takes no worker with it where a SoundFont makes symusic crash, and gives the .sf3 files, whose loops
`soundfont_loops` cannot mend, the same memory each time. It costs 0.13 s.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import engine
from engine.errors import Cancelled, OutputError
from engine.music.score import Score
from engine.output.audio_process import SOUND

MEDIA_TYPE = "audio/ogg"
Sound = Literal["ogg", "mp3", "flac", "stems"]  # the mix in three formats, and its tracks one by one in a zip
# Ten minutes with 20 notes at once, the most that a song's files are made of, take 8 s on an idle machine.
TIMEOUT_SECONDS = 180.0
SECONDS_BETWEEN_LOOKS = 0.1
ENVIRONMENT = {
    # Sums of floats depend on how many threads share them, and starting threads takes time.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}

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


def render_audio(
    score: Score, soundfont: Path | None = None, cancelled: Callable[[], bool] = lambda: False
) -> tuple[bytes, str]:
    """Return the score as (Ogg Vorbis bytes, media type), near -16 LUFS and under -1 dBFS.

    soundfont: an .sf2 or .sf3 file; the best one found by `find_soundfont` if None. cancelled: asked several times a
    second. The same score and SoundFont give the same bytes. A score without notes is silence of its length.
    OutputError if no sound can be made, Cancelled if it is not wanted any more.
    """
    with Rendering(score, find_soundfont(soundfont)) as rendering:
        return rendering.wait(cancelled), MEDIA_TYPE


class Rendering:
    """A process that renders a score from the moment this is made; leaving the context ends it, done or not."""

    def __init__(self, score: Score, soundfont: Path, sound: Sound = "ogg", largest_bytes: int | None = None) -> None:
        """largest_bytes: of stems, which lose some quality rather than be larger; None for any size."""
        try:
            with tempfile.TemporaryFile() as request:
                request.write(pickle.dumps((score, soundfont, sound, largest_bytes)))
                request.seek(0)
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "engine.output.audio_process"],
                    stdin=request,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,  # out of reach of Ctrl+C: whoever waits decides
                    env=environment(),
                )
        except OSError as error:
            raise OutputError(f"the sound could not be made: {error.strerror}; try again in a minute") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def wait(self, cancelled: Callable[[], bool] = lambda: False, timeout_seconds: float = TIMEOUT_SECONDS) -> bytes:
        """Return the file. OutputError if there is none or it takes too long, Cancelled when `cancelled()`."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                answer, complaints = self._process.communicate(timeout=SECONDS_BETWEEN_LOOKS)
                break
            except subprocess.TimeoutExpired:
                if cancelled():
                    raise Cancelled("the song was taken back") from None
                if time.monotonic() > deadline:
                    raise OutputError(
                        f"making the sound took more than {timeout_seconds:.0f} seconds; try again later, or without sound"
                    ) from None
        return sound_of(self._process.returncode, answer, complaints.decode(errors="replace"))


def sound_of(status: int, answer: bytes, complaints: str) -> bytes:
    """Return the file in an answer of `audio_process`, or raise what it says in place of one.

    status: that of the process, negative where a signal ended it. complaints: what it wrote on stderr.
    """
    if status == 0:
        if answer[:1] == SOUND:
            return answer[1:]
        raise OutputError(answer[1:].decode())
    if status < 0:
        raise OutputError("the synthesiser crashed, so there is no sound; try another SoundFont or a shorter piece")
    raise RuntimeError(f"the process that renders sound ended with status {status}:\n{complaints}")


def environment() -> dict[str, str]:
    """Return the variables of a rendering process: those of this one, where to find the engine, and `ENVIRONMENT`."""
    places = [str(Path(place).parent) for place in engine.__path__]
    if os.environ.get("PYTHONPATH"):  # an empty one would stand for the current folder
        places.append(os.environ["PYTHONPATH"])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places), **ENVIRONMENT}


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
