"""Options become requests: None is left out, lengths are read, and what is refused is named."""

from __future__ import annotations

import pytest

from bot.access import Refusal
from bot.commands.requests import option_fields, option_name, request_of
from engine.contract import LyricRequest, Sampling, SongRequest
from engine.errors import RequestError
from engine.verbs import VERBS


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_every_verb_fits_into_a_slash_command(verb) -> None:  # type: ignore[no-untyped-def]
    names = [option_name(name, field) for name, field in option_fields(verb.request).items()]
    assert len(names) == len(set(names)) <= 24  # and a file
    assert all(name == name.lower() and len(name) <= 32 for name in names)
    assert not {"kind", "sampling", "avoid"} & set(names)


def test_what_is_left_out_keeps_its_default() -> None:
    assert request_of(VERBS["song"], {"theme": "rain", "style": None, "seed": None}) == SongRequest(theme="rain")


def test_lengths_and_sampling_find_their_place() -> None:
    assert request_of(VERBS["song"], {"theme": "x", "length_seconds": "1:30"}).length_seconds == 90  # type: ignore[attr-defined]
    asked = request_of(VERBS["lyrics"], {"theme": "x", "top_k": 5})
    assert asked == LyricRequest(theme="x", sampling=Sampling(top_k=5))


def test_numbers_come_as_text_from_a_form() -> None:
    asked = request_of(VERBS["sing"], {"lyrics": "x", "tempo_qpm": "90.0", "seed": "7"})
    assert (asked.tempo_qpm, asked.seed) == (90.0, 7)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("values", "name", "value"), [
    ({"theme": "x", "top_p": 0.0}, "top_p", r"0\.0"),
    ({"theme": "x", "seed": -1}, "seed", r"\-1"),
    ({"theme": "x", "seed": "*" * 99}, "seed", "…"),
])  # fmt: skip
def test_a_refused_option_is_named_and_shown_as_text(values: dict[str, object], name: str, value: str) -> None:
    with pytest.raises(Refusal, match=r"option\.refused") as refusal:
        request_of(VERBS["lyrics"], values)
    assert refusal.value.values["name"] == name
    assert refusal.value.values["value"].endswith(value)


def test_a_length_that_cannot_be_read_is_the_engines_own_sentence() -> None:
    with pytest.raises(RequestError, match="--length must be seconds"):
        request_of(VERBS["song"], {"theme": "x", "length_seconds": "soon"})
