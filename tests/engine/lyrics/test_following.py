"""The plainer prompt: by nobody, or where nobody was named, for a poem; all else as it was."""

from __future__ import annotations

from engine.lyrics.following import plainer_prompt
from engine.lyrics.prompt import ControlPrompt
from tests.tiny_models import tiny_tokenizer

LINE = "<verse><s6><rA> night\n"


def test_the_author_is_left_out_and_nothing_else() -> None:
    tokenizer = tiny_tokenizer()
    told = ControlPrompt(kind="hymn", theme_words=["rain", "night"], author="Robert Burns", title="Night rain")
    untold = ControlPrompt(kind="hymn", theme_words=["rain", "night"], title="Night rain")
    plainer = plainer_prompt(tokenizer)
    assert plainer(tokenizer.encode(told.text() + LINE)) == tokenizer.encode(untold.text() + LINE)
    alone = ControlPrompt(kind="song", author="Robert Burns")
    assert plainer(tokenizer.encode(alone.text())) == tokenizer.encode(ControlPrompt(kind="song").text())


def test_without_an_author_it_is_a_poem() -> None:
    tokenizer = tiny_tokenizer()
    told, untold = (ControlPrompt(kind=kind, theme_words=["rain"]).text() + LINE for kind in ("hymn", "poem"))
    assert plainer_prompt(tokenizer)(tokenizer.encode(told)) == tokenizer.encode(untold)
    assert plainer_prompt(tokenizer)(tokenizer.encode(untold)) == tokenizer.encode(untold)
