"""Options from fields: each has one, and whatever is wrong is said in one sentence that names it."""

from __future__ import annotations

import math

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.terminal.options import (
    build_request,
    check_values,
    option_fields,
    option_name,
    parse_length,
    positional_fields,
    request_options,
)
from engine.contract import (
    MusicRequest,
    MuteRequest,
    Request,
    Sampling,
    SingRequest,
    SongRequest,
    TempoRequest,
    TransposeRequest,
)
from engine.errors import EngineError, RequestError
from engine.music.theory import voice_range
from engine.verbs import VERBS, Verb

HIDDEN = {"kind", "sampling", "avoid"}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_every_field_has_one_place_on_the_command_line(verb: Verb) -> None:
    @click.command()
    @request_options(verb.request)
    def command(**_: object) -> None: ...

    sampling = set(Sampling.model_fields) if "sampling" in verb.request.model_fields else set()
    fields = (set(verb.request.model_fields) | sampling) - HIDDEN - set(positional_fields(verb.request))
    assert [parameter.name for parameter in command.params] == list(option_fields(verb.request))
    assert {parameter.name for parameter in command.params} == fields
    assert command.params[-1].name == "seed"


def test_what_a_command_is_about_is_typed_without_a_name() -> None:
    typed = {name: tuple(positional_fields(verb.request)) for name, verb in VERBS.items()}
    assert (typed["song"], typed["lyrics"], typed["sing"], typed["music"]) == (("theme",), ("theme",), ("lyrics",), ())
    assert typed["words"] == ("source", "lyrics")
    assert (typed["rewrite"], typed["insert"]) == (("source", "line"), ("source", "after"))
    assert typed["words-for"] == ("source", "theme")
    assert (typed["remix"], typed["arrange"]) == (("source", "what"), ("source", "style"))
    assert (typed["extend"], typed["infill"]) == (("source", "bars"), ("source", "bars"))
    two = {
        "words",
        "rewrite",
        "insert",
        "words-for",
        "remix",
        "arrange",
        "extend",
        "infill",
        "instrument",
        "blend",
        "export",
    }
    assert {typed[name] for name, verb in VERBS.items() if verb.edits and name not in two} == {("source",)}


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            MuteRequest(source="x", part="drumms"),
            "--part must be one of melody, .*chords, .*, got 'drumms'; did you mean drums",
        ),
        (MuteRequest(source="x", part="🥁"), "--part must be one of"),
        (MusicRequest(bars=3), "--bars must be 4 to 64, got 3"),
        (TransposeRequest(source="x", semitones=25), "--semitones must be -24 to 24, got 25"),
        (TempoRequest(source="x", percent=401), "--percent must be 25 to 400, got 401"),
    ],
)
def test_a_value_outside_what_is_declared_is_refused(request_: Request, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        check_values(request_)


def test_capitals_and_spaces_do_not_matter_in_a_choice() -> None:
    request = build_request(MuteRequest, {"source": "x"}, {"part": " Drums "})
    assert request == MuteRequest(source="x", part="drums")


def test_an_option_has_its_name_for_people() -> None:
    names = [option_name(name, field) for name, field in option_fields(SongRequest).items()]
    assert {"--tempo", "--meter", "--length", "--top-k", "--min-p"} <= set(names)
    assert len(names) == len(set(names))


def test_nothing_given_is_the_default_request() -> None:
    given = dict.fromkeys(option_fields(SongRequest))
    assert build_request(SongRequest, {"theme": "rain"}, given) == SongRequest(theme="rain")


def test_given_values_are_in_the_request() -> None:
    given = {"tempo_qpm": "120.5", "seed": "7", "length_seconds": "1:30", "temperature": "0", "top_k": "5"}
    request = build_request(SongRequest, {"theme": "rain"}, given)
    assert request == SongRequest(
        theme="rain", tempo_qpm=120.5, seed=7, length_seconds=90, sampling=Sampling(temperature=0, top_k=5)
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("tempo_qpm", "fast", "--tempo must be a number, got 'fast': quarter notes per minute, 40-240"),
        ("seed", "-1", "--seed must be a whole number from 0 up to 2147483647, got '-1'"),
        ("seed", "x", "--seed must be a whole number from 0 up to 2147483647, got 'x'"),
        ("seed", "2147483648", "--seed must be a whole number from 0 up to 2147483647, got '2147483648'"),
        ("temperature", "9", "--temperature must be a number from 0 up to 2, got '9'"),
        ("temperature", "nan", "--temperature must be a number from 0 up to 2, got 'nan'"),
        ("top_p", "0", "--top-p must be a number above 0 up to 1, got '0'"),
        ("min_p", "1", "--min-p must be a number from 0 below 1, got '1'"),
        ("length_seconds", "long", "--length must be seconds such as 90, or minutes such as 3:00, got 'long'"),
        ("length_seconds", "nan", "--length must be seconds"),
        ("style", "\udcff", "the style is not text in UTF-8"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_its_range(name: str, value: str, sentence: str) -> None:
    with pytest.raises(RequestError) as refused:
        build_request(SongRequest, {"theme": "rain"}, {name: value})
    assert str(refused.value).startswith(sentence)


@settings(deadline=None)  # the first example imports the plan
@given(name=st.sampled_from(sorted(option_fields(SongRequest))), value=st.text())
def test_any_text_is_a_request_or_a_sentence(name: str, value: str) -> None:
    from bot.terminal.song import check_request

    sentence = theme = ""
    try:
        request = build_request(SongRequest, {"theme": "rain"}, {name: value})
        assert isinstance(request, SongRequest)
        check_request(request)
        theme = request.theme
    except EngineError as error:
        sentence = str(error)
    assert theme == "rain" or sentence


@given(st.integers(0, 99), st.integers(0, 59))
def test_minutes_and_seconds_are_seconds(minutes: int, seconds: int) -> None:
    assert math.isclose(parse_length(f"{minutes}:{seconds:02}"), minutes * 60 + seconds)
    assert parse_length(str(minutes)) == minutes


def test_a_voice_is_a_name_or_a_range() -> None:
    @click.command()
    @request_options(SingRequest)
    def command(voice: str | None = None, **_: object) -> None:
        click.echo(voice_range(voice or ""))

    found = CliRunner().invoke(command, ["--voice", "G3-D5"])
    assert found.output.strip() == "(55, 74)"
    assert CliRunner().invoke(command, ["--voice", "tenor"]).output.strip() == str(voice_range("tenor"))
