"""What is told of Chinese lyrics and how they are printed. Does not know models, requests or how lines are written."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract import Artifact, LineReport, SectionReport
from engine.lyrics.chinese.prompt import ChineseLine, PlannedLine
from engine.lyrics.chinese.rhyme import NAMES, is_hanzi, lines_rhyme, rhyme_class
from engine.lyrics.chinese.tokenizer import FREE
from engine.song.chinese_plan import sentences


def told_section(label: str, plan: Sequence[PlannedLine], written: Sequence[ChineseLine]) -> SectionReport:
    """Compare a section with its plan; characters and rhymes are counted anew from what is printed."""
    first: dict[str, str] = {}
    lines = []
    for wanted, line in zip(plan, written, strict=True):
        before = first.get(wanted.rhyme)
        sound = rhyme_class(line.characters[-1])
        lines.append(
            LineReport(
                text=line.characters + line.mark,
                syllables_asked=wanted.length,
                syllables_found=sum(map(is_hanzi, line.characters)),
                rhyme=wanted.rhyme,
                rhyme_key_asked=NAMES[rhyme_class(before[-1]) or 0] if before else None,
                rhyme_key_found=NAMES[sound] if sound is not None else "",
                rhymes=lines_rhyme(before, line.characters) if before else None,
            )
        )
        if wanted.rhyme != FREE:
            first.setdefault(wanted.rhyme, line.characters)
    return SectionReport(label=label, lines=tuple(lines))


def printed(title: str, sections: Sequence[SectionReport]) -> str:
    """Return title and words as they are printed: a sentence a line, the parts under their names."""
    parts = []
    for section in sections:
        label = [f"[{section.label}]"] if section.label else []
        parts.append("\n".join([*label, *sentences([line.text for line in section.lines])]))
    return f"{title}\n\n" + "\n\n".join(parts) + "\n"


def text_file(title: str, text: str) -> Artifact:
    """Return the words as a file, named by the letters and digits of its title, Latin or Chinese; "song" for none."""
    name = "".join(sign if (sign.isascii() and sign.isalnum()) or is_hanzi(sign) else " " for sign in title)
    return Artifact(f"{'-'.join(name.split()) or 'song'}.txt", "text/plain", text.encode())
