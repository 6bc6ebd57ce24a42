"""The verb `explain`: what form, chords, rhyme, metre and melody of a song do, in plain words and as a picture.

Every sentence is computed from the song; where nothing can be said, it says so. Does not know how the topics find theirs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.contract import Artifact, SongReport
from engine.file_requests import ExplainRequest
from engine.output.explanation_picture import explanation_png
from engine.song.edits import facts_of
from engine.song.explain_chords import explain_chords
from engine.song.explain_form import explain_form
from engine.song.explain_melody import explain_melody
from engine.song.explain_metre import explain_metre
from engine.song.explain_page import page_of
from engine.song.explain_rhyme import explain_rhyme
from engine.song.explain_subject import Subject, subject_of
from engine.song.explain_wording import Topic
from engine.song.files import slug
from engine.song.making import MadeSong, Making

TEXT, PICTURE, DATA = "explained.txt", "explained.png", "explained.json"


def explain(request: ExplainRequest, making: Making) -> MadeSong:
    """Explain a song or an uploaded file: a text, a picture and the figures behind them; nothing of it is changed."""
    source = making.source
    assert source is not None, "an edit is given its source"
    with making.stage("edit"):
        subject = subject_of(source)
        topics = topics_of(subject)
    stem = slug(source.title)
    files = [
        Artifact(f"{stem}.{TEXT}", "text/plain", as_text(topics).encode()),
        Artifact(f"{stem}.{DATA}", "application/json", as_json(subject, topics).encode()),
    ]
    with making.stage("picture"):
        files.insert(1, Artifact(f"{stem}.{PICTURE}", "image/png", explanation_png(page_of(subject))))
    told = source.report or SongReport(title=source.title, request={}, sections=(), style="", seed=making.seed)
    update: dict[str, Any] = {} if source.score is None else dict(facts_of(source.score))
    update |= {
        "request": request.model_dump(mode="json"),
        "seed": making.seed,
        "seconds_per_stage": dict(making.seconds),
        "files": {},
        "notices": tuple(making.notices),
    }
    return MadeSong(told.model_copy(update=update), source.text, tuple(files), source.sheet, source.score)


def topics_of(subject: Subject) -> list[Topic]:
    """Return what is told of a song, in the order in which it is told."""
    told = [
        explain_form(subject),
        explain_chords(subject),
        explain_rhyme(subject),
        explain_metre(subject),
        explain_melody(subject),
    ]
    return [topic for topic in told if topic is not None] + _missing(subject)


def as_text(topics: Sequence[Topic]) -> str:
    """Return the topics as labelled paragraphs, as lyrics are written: `[Form]` and the text under it."""
    return "\n\n".join(f"[{topic.name.capitalize()}]\n" + "\n\n".join(topic.paragraphs) for topic in topics) + "\n"


def as_json(subject: Subject, topics: Sequence[Topic]) -> str:
    """Return the topics with the figures behind them as one JSON object."""
    told = [{"topic": topic.name, "text": list(topic.paragraphs), "facts": topic.facts} for topic in topics]
    return json.dumps({"title": subject.title, "topics": told}, ensure_ascii=False, indent=2) + "\n"


def _missing(subject: Subject) -> list[Topic]:
    if subject.sheet is None:
        return [Topic("music", ("These are words alone, so that there are no chords and no melody to explain.",))]
    if not subject.sections:
        return [
            Topic("words", ("No words are known of this music, so that there is no rhyme and no metre to explain.",))
        ]
    return []
