"""Pages of notation by a program of the machine: MuseScore or LilyPond. Does not know songs, only MusicXML.

Other versions of these programs draw other pages, so nothing asks for one unless the host has set it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import Cancelled, OutputError

Form = Literal["png", "pdf"]
AUTO = "auto"  # whatever is found
MUSESCORE = ("mscore", "musescore", "mscore4portable", "musescore4", "mscore3", "musescore3")
LILYPOND, CONVERTER = "lilypond", "musicxml2ly"
TIMEOUT_SECONDS, SECONDS_BETWEEN_LOOKS = 60.0, 0.1
DOTS_PER_INCH = 150
MOST_PAGES = 8
STEM = "sheet"
_BEGINS = {"png": b"\x89PNG", "pdf": b"%PDF"}


@dataclass(frozen=True)
class Engraver:
    """program: that draws. converter: that makes LilyPond's own language of MusicXML, None for MuseScore."""

    program: Path
    converter: Path | None = None

    @property
    def name(self) -> str:
        return self.program.name

    def pages(
        self,
        musicxml: bytes,
        form: Form,
        cancelled: Callable[[], bool] = lambda: False,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> list[bytes]:
        """Return a PNG for each page, eight at most, or one PDF.

        OutputError where the program gives none or takes too long, Cancelled when `cancelled()`; it is then ended.
        """
        deadline = time.monotonic() + timeout_seconds
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / f"{STEM}.musicxml").write_bytes(musicxml)
            for command in self._commands(form):
                if not _ended(command, folder, deadline, cancelled):
                    raise OutputError(f"{self.name} took more than {timeout_seconds:.0f} seconds for a lead sheet")
            found = [file.read_bytes() for file in sorted(folder.glob(f"{STEM}*.{form}"), key=_page)]
        pages = [page for page in found if page.startswith(_BEGINS[form])][: MOST_PAGES if form == "png" else 1]
        if not pages:
            raise OutputError(f"{self.name} could not draw the lead sheet")
        return pages

    def _commands(self, form: Form) -> list[list[str]]:
        """Return what is run, one after another, in a folder with the MusicXML file."""
        source = f"{STEM}.musicxml"
        if self.converter is None:
            return [[str(self.program), "-r", str(DOTS_PER_INCH), "-o", f"{STEM}.{form}", source]]
        drawing = [str(self.program), f"-dresolution={DOTS_PER_INCH}", f"--{form}", "-o", STEM, f"{STEM}.ly"]
        return [[str(self.converter), "-o", f"{STEM}.ly", source], drawing]


def find_engraver(asked: str = AUTO) -> Engraver:
    """Return the engraver of a name or path, or with "auto" the first that is there; OutputError where there is none."""
    for name in (*MUSESCORE, LILYPOND) if asked == AUTO else (asked,):
        program = shutil.which(name)
        if program is None:
            continue
        if LILYPOND not in Path(name).name:
            return Engraver(Path(program))
        # They are installed together, so where one was named by its path the other lies beside it.
        if converter := shutil.which(CONVERTER, path=f"{Path(program).parent}{os.pathsep}{os.environ.get('PATH', '')}"):
            return Engraver(Path(program), Path(converter))
    raise OutputError("the engraver of lead sheets was not found; install MuseScore or LilyPond, or set none")


def _page(file: Path) -> int:
    """Return the number of a page in a name such as sheet-2.png or sheet-page2.png; 0 where it has none."""
    number = re.search(r"(\d+)$", file.stem)
    return int(number[1]) if number else 0


def _ended(command: Sequence[str], folder: Path, deadline: float, cancelled: Callable[[], bool]) -> bool:
    """Run a program until it ends, whatever it says; False where it was ended because the time was over."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}  # MuseScore looks for a screen otherwise
    try:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise OutputError(f"{Path(command[0]).name} could not draw the lead sheet") from error
    try:
        while True:
            try:
                process.wait(SECONDS_BETWEEN_LOOKS)
            except subprocess.TimeoutExpired:
                if cancelled():
                    raise Cancelled("the song was taken back") from None
                if time.monotonic() > deadline:
                    return False
            else:
                return True
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # with what it has started: they are often scripts around a program
            process.wait()
