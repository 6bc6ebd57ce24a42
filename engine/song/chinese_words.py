"""Chinese lines written under a plan, some of which may stand already: what new texts and edits share. Does not know either."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.contract import Progress, Sampling
from engine.lyrics.chinese.following import following
from engine.lyrics.chinese.manner import ChineseManner
from engine.lyrics.chinese.moods import mood_words
from engine.lyrics.chinese.persons import chinese_telling
from engine.lyrics.chinese.prompt import ChineseLine, ChinesePrompt, WantedLine
from engine.lyrics.chinese.writer import ChineseWriter
from engine.song.chinese_model import ChineseLyricModel
from engine.song.making import Making


def manner_of(mood: str | None, person: str | None, theme: Sequence[str] = ()) -> tuple[ChineseManner, tuple[str, ...]]:
    """Return how words shall be written, and the words of other persons, which are not; words of the theme are.

    RequestError for a mood or a person that is not known.
    """
    sought, against = mood_words(mood) if mood is not None else ((), ())
    telling = chinese_telling(person, theme) if person is not None else None
    manner = ChineseManner(
        sought,
        tuple(word for word in against if not any(word in one for one in theme)),
        telling.words if telling is not None else (),
    )
    return manner, telling.others if telling is not None else ()


def write_chinese_words(
    prompts: Sequence[ChinesePrompt],
    wanted: Sequence[WantedLine],
    making: Making,
    model: ChineseLyricModel,
    *,
    avoid: Collection[str],
    manner: ChineseManner,
    theme: Sequence[str],
    theme_anew: bool = False,
    sampling: Sampling | None = None,
) -> list[ChineseLine]:
    """Return all lines, those to be written reported as they are; the rest as in `ChineseWriter.write`."""
    author = any(prompt.author for prompt in prompts)
    writer = ChineseWriter(following(model.model, model.tokenizer, author=author), model.tokenizer, memory=model.memory)
    with making.stage("lyrics", sum(not line.given for line in wanted)):
        return writer.write(
            prompts,
            wanted,
            seed=making.seed,
            sampling=sampling if sampling is not None else Sampling(),
            avoid=sorted(avoid),
            manner=manner,
            theme=theme,
            theme_anew=theme_anew,
            report=lambda done, of, text: making.report(
                Progress(stage="lyrics", done=done, total=of, text=f"{text}\n")
            ),
            cancelled=making.cancelled,
        )
