"""Other files of a song that is there: the same music and words, written anew. Does not know how a file is made."""

from __future__ import annotations

from dataclasses import replace

from engine.errors import RequestError
from engine.file_requests import USUAL_FILES, ExportRequest
from engine.song.edits import edited, source_and_score
from engine.song.file_names import named_files
from engine.song.files import lack
from engine.song.making import MadeSong, Making


def export(request: ExportRequest, making: Making) -> MadeSong:
    """Write the files asked for; a notice says which cannot be made. RequestError where none can be."""
    wanted = named_files(request.formats)
    source, score = source_and_score(making)
    # Usual files that a song cannot have are left out without a word, but here they were asked for.
    lacks = [lack(name, source.text, source.sheet) for name in wanted if name in USUAL_FILES]
    making.notices.extend(sentence for sentence in lacks if sentence)
    made = edited(request, source, score, source.sheet, replace(making, outputs=wanted))
    if not made.artifacts:
        reasons = "; ".join(made.report.notices)
        raise RequestError(
            f"none of these files can be made of this music ({reasons}); choose others, such as mid or mp3"
        )
    return made
