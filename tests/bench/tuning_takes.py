"""Takes of short songs for the benches of tuning: words and tunes by given models, as members would be given them.

Knows neither ratings nor tuning.
"""

from __future__ import annotations

from engine.contract import SectionReport, SongRequest
from engine.corpus.snapshots import Take
from engine.lyrics.prosody import syllables_of
from engine.music.as_json import lead_sheet_to_json
from engine.song.make_song import make_lyrics, write_tune
from engine.song.making import Making, Models
from engine.song.plan import make_plan


def made_words(request: SongRequest, seed: int, models: Models) -> Take:
    """Return the words of a request, without a tune."""
    made = make_lyrics(request, Making(seed=seed, models=models))
    return Take(
        id=f"{request.theme} {seed} {models.lyrics.version}", request=request.model_dump(mode="json"), seed=seed,
        versions={"lyrics": models.lyrics.version}, title=made.report.title, text=made.lyrics_text,
        sections=made.report.sections,
    )  # fmt: skip


def made_song(request: SongRequest, seed: int, models: Models) -> Take:
    """Return words and tune of a request, without band and files."""
    return with_tune(made_words(request, seed, models), models)


def with_tune(words: Take, models: Models) -> Take:
    """Return words with a tune to them by the melody model."""
    plan = make_plan(SongRequest(**words.request), words.seed)
    written = iter([section for section in words.sections if section.lines])
    sections = [next(written) if part.lines else SectionReport(label=part.label, lines=()) for part in plan.sections]
    lines = [[syllables_of(line.text) for line in section.lines] for section in sections]
    sheet = write_tune(plan, lines, words.title, Making(seed=words.seed, models=models))
    versions = words.versions | {"melody": models.melody.version}
    name = f"{words.id} {models.melody.version}"
    found = {"id": name, "versions": versions, "sheet": lead_sheet_to_json(sheet), "sections": tuple(sections)}
    return words.model_copy(update=found)
