"""The plainer prompt: a poem by nobody, all else as it was."""

from __future__ import annotations

from engine.lyrics.following import plainer_prompt
from engine.lyrics.prompt import ControlPrompt
from tests.tiny_models import tiny_tokenizer


def test_kind_and_author_are_left_out_and_nothing_else() -> None:
    tokenizer = tiny_tokenizer()
    told = ControlPrompt(kind="hymn", theme_words=["rain", "night"], author="Robert Burns", title="Night rain")
    untold = ControlPrompt(kind="poem", theme_words=["rain", "night"], title="Night rain")
    line = "<verse><s6><rA> night\n"
    plainer = plainer_prompt(tokenizer)
    assert plainer(tokenizer.encode(told.text() + line)) == tokenizer.encode(untold.text() + line)
    alone = ControlPrompt(kind="poem").text()
    assert plainer(tokenizer.encode(alone)) == tokenizer.encode(alone)


def test_an_author_before_the_words_ends_there() -> None:
    tokenizer = tiny_tokenizer()
    told, untold = ControlPrompt(kind="song", author="Robert Burns").text(), ControlPrompt(kind="poem").text()
    assert plainer_prompt(tokenizer)(tokenizer.encode(told)) == tokenizer.encode(untold)
