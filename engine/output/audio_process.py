"""The process that makes one song's sound: a pickled request on stdin, a letter and bytes on stdout.

Does not know how a score becomes sound, nor who waits for it; `audio` starts it as `python -m`.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from types import ModuleType

from engine.errors import OutputError

# The first byte of the answer says what the rest is: a file, or a sentence for people.
SOUND, SENTENCE = b"S", b"E"
SECONDS_BETWEEN_LOOKS = 0.5


def main() -> None:
    """Answer one request and end. A bug ends with status 1 and its traceback on stderr."""
    end_with(os.getppid())
    # When a service is stopped its processes are all told: whoever waits for this one decides what becomes of it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nothing that a library prints gets into the answer
    answers.write(answer(sys.stdin.buffer.read()))
    answers.close()
    os._exit(0)  # taking an interpreter down in good order would take as long as a verse


def answer(request: bytes) -> bytes:
    """Return what is to be said to a pickled (score, SoundFont, sound, largest size of stems in bytes or None)."""
    leave_out_downloads()
    from engine.output.stems import score_to_stems
    from engine.output.synthesis import score_to_flac, score_to_mp3, score_to_ogg

    makers = {"ogg": score_to_ogg, "mp3": score_to_mp3, "flac": score_to_flac}
    score, soundfont, sound, largest_bytes = pickle.loads(request)
    try:
        if sound == "stems":
            return SOUND + score_to_stems(score, soundfont, largest_bytes)
        return SOUND + makers[sound](score, soundfont)
    except OutputError as error:
        return SENTENCE + str(error).encode()
    except OSError as error:  # the disk for temporary files is full, or there is none
        return SENTENCE + f"the sound could not be made: {error.strerror or error}; try again in a minute".encode()


def leave_out_downloads() -> None:
    """Let symusic find an empty module in place of what it would download SoundFonts with, a third of its start."""
    empty = ModuleType("pySmartDL")
    empty.SmartDL = None  # type: ignore[attr-defined]  # what symusic imports from it
    sys.modules.setdefault(empty.__name__, empty)


def end_with(parent_id: int) -> None:
    """Let this process end within a second of its parent, whatever it is doing then. Does nothing on Windows."""

    def look() -> None:
        while os.getppid() == parent_id:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


if __name__ == "__main__":
    main()
