"""Every verb of the engine is a command, from its declaration alone; what it changes may be a song or a file."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from typing import Any

import click
import pytest

from bot.cli import cli
from bot.terminal import song as terminal_song
from bot.terminal.song import as_song_request
from bot.terminal.verb import makes_music, verb_command
from engine.contract import EditRequest, LyricRequest, Request, SongReport
from engine.music.midi_file import score_to_midi
from engine.music.score import Note, Score, Track
from engine.verbs import VERBS
from tests.bot.conftest import Terminal
from worker.store.songs import GeneratedSong

MIDI = b"MThd\0\0\0\6\0\1\0\1\1\xe0"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Let every request be answered by a song without notes; return the list of what was asked for."""
    requests: list[Request] = []

    def generate(request: Request, seed: int, *_: object) -> GeneratedSong:
        requests.append(request)
        style = str(getattr(request, "style", "pop"))
        report = SongReport(
            title="It", request=request.model_dump(mode="json"), sections=(), style=style, seed=seed, key="C"
        )
        return GeneratedSong("It", "", report)

    monkeypatch.setattr("bot.terminal.song.SongGenerator", lambda models, **_: generate)
    return requests


def test_files_are_named_with_any_command_that_makes_music(
    terminal: Terminal, asked: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = []
    generate: Any = terminal_song.SongGenerator
    monkeypatch.setattr(
        "bot.terminal.song.SongGenerator", lambda *a, **k: named.append(k["outputs"]) or generate(*a, **k)
    )
    assert terminal.run("song", "rain", "--files", "kar, sheet").code == 0
    assert terminal.run("song", "rain").code == 0
    assert named == [("kar", "sheet"), None]
    refused = terminal.run("song", "rain", "--files", "karr")
    assert refused.code == 2
    assert "did you mean kar?" in refused.err


def stored(terminal: Terminal, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(terminal.data / "songwright" / "songwright.sqlite3") as connection:
        return connection.execute(query).fetchall()


def words_of(verb_name: str) -> list[str]:
    """Return a value for every positional field and required option of a verb."""
    typed = {"source": "a.mid", "theme": "rain", "lyrics": "row the boat", "part": "drums", "line": "3", "after": "4",
             "bars": "5-8", "style": "jazz", "instrument": "flute", "other": "a.mid",
             "formats": "kar,sheet"}  # fmt: skip
    command = verb_command(verb_name)
    words = []
    for parameter in command.params:
        if parameter.required:
            words += [parameter.opts[0]] * isinstance(parameter, click.Option) + [typed[str(parameter.name)]]
    return words


@pytest.mark.parametrize("name", [name for name in VERBS if name != "explain"])  # whose JSON is the explanation itself
def test_every_verb_is_a_command_whose_request_comes_from_what_is_typed(
    terminal: Terminal, asked: list[Request], name: str
) -> None:
    (terminal.folder / "a.mid").write_bytes(MIDI)
    outcome = terminal.run(name, *words_of(name), "--json", "--seed", "7")
    assert (outcome.code, outcome.err) == (0, "")
    (request,) = asked
    assert type(request) is VERBS[name].request
    assert request.seed == 7
    assert json.loads(outcome.out)["id"] == stored(terminal, "SELECT id FROM songs")[0][0]


@pytest.mark.parametrize("name", VERBS)
def test_help_has_summary_example_and_every_choice(terminal: Terminal, name: str) -> None:
    text = terminal.run(name, "--help").out
    assert VERBS[name].summary in text
    assert f"songwright {name} {VERBS[name].example}" in text
    assert "--json" in text
    assert "--avoid" not in text


def test_a_changed_file_is_printed_with_its_id_so_that_it_can_be_changed_again(terminal: Terminal) -> None:
    (terminal.folder / "tune.mid").write_bytes(score_to_midi(Score((Track("", 0, (Note(0, 60, 480),)),), 480)))
    outcome = terminal.run("instrument", "tune.mid", "flute", "--track", "1", "--seed", "7")
    assert outcome.code == 0, outcome.err
    assert f"song {stored(terminal, 'SELECT id FROM songs')[0][0]}" in outcome.out.splitlines()[0]


def test_words_may_be_asked_for_in_chinese(terminal: Terminal, asked: list[Request]) -> None:
    for typed in (("江南春雨",), ("江南春雨", "--tune", "浣溪沙"), ("rain", "--language", "zh")):
        assert terminal.run("lyrics", *typed, "--json").code == 0
        assert asked[-1].theme == typed[0]  # type: ignore[attr-defined]


def test_a_filter_level_refuses_its_words_and_keeps_the_model_from_them(
    terminal: Terminal, asked: list[Request]
) -> None:
    for typed in (("lyrics", "a glass of Wine"), ("sing", "row the boat\nwhile KILLING time")):
        refused = terminal.run(*typed, "--filter", "strict")
        assert refused.code == 2
        assert "--filter strict leaves out words such as" in refused.err
    assert asked == []
    for level, avoid in (("strict", ("@strict",)), ("mild", ("@mild",)), ("off", ())):
        assert terminal.run("lyrics", "a vineyard", "--filter", level, "--json").code == 0
        assert asked[-1].model_dump()["avoid"] == avoid
    assert terminal.run("lyrics", "rain", "--filter", "bad").code == 2
    assert "--filter" not in terminal.run("transpose", "--help").out


def test_every_verb_is_listed(terminal: Terminal) -> None:
    text = terminal.run("--help").out
    sentences = " ".join(text.split())  # long ones are wrapped
    assert all(f"  {name} " in text and f"{name} {verb.summary}." in sentences for name, verb in VERBS.items())
    assert set(VERBS) < set(cli.list_commands(click.Context(cli)))


def test_only_words_alone_are_not_written_to_a_folder_unasked() -> None:
    assert [name for name, verb in VERBS.items() if not makes_music(verb)] == ["lyrics"]


@pytest.mark.parametrize("name", VERBS)
def test_what_is_shared_with_a_song_can_be_checked_as_one(name: str) -> None:
    fields = VERBS[name].request.model_fields
    values = {field: "jazz" if field == "style" else "4" for field in fields if fields[field].is_required()}
    request = VERBS[name].request(**values)
    assert isinstance(as_song_request(request), LyricRequest)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["mute", "a.mid", "--part", "drumms"], "did you mean drums?"),
        (["music", "--bars", "65"], "--bars must be 4 to 64, got 65"),
        (["music", "--key", "H#"], "key"),
        (["sing", "row", "--style", "polka"], "style 'polka' is unknown"),
        (["lyrics", "江南春雨", "--form", "Q"], "form 'Q' is not understood"),
        (["transpose", "a.mid", "--key", "H#"], "key"),
        (["tempo", "a.mid", "--tempo", "500"], "tempo must be 40-240"),
        (["tempo", "a.mid", "--percent", "half"], "--percent must be a whole number, got 'half'"),
        (["verse", "a.mid", "--theme", "🌧️"], "the theme holds no words"),
        (["mute", "b.mid", "--part", "drums"], "there is no file 'b.mid'"),
        (["mute", "a.txt", "--part", "drums"], "is not a MIDI file"),
        (["mute", "large.mid", "--part", "drums"], "a MIDI file may have up to"),
        (["insert", "a.mid", "four"], "AFTER must be a whole number, got 'four'"),
        (["continue", "none.mid"], "there is no file 'none.mid'"),
        (["continue", "a / b", "--lines", "17"], "--lines must be 1 to 16, got 17"),
        (["continue", "a / b", "--form", "Q"], "form 'Q' is not understood"),
        (["words", "a.mid", "@none.txt"], "'none.txt' cannot be read (No such file or directory)"),
        (["words", "a.mid", "@."], "cannot be read"),
        (["words", "a.mid", "@latin.txt"], "is not text in UTF-8"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_is_stored(
    terminal: Terminal, arguments: list[str], part: str
) -> None:
    (terminal.folder / "a.mid").write_bytes(MIDI)
    (terminal.folder / "a.txt").write_text("no notes")
    (terminal.folder / "latin.txt").write_bytes("für Élise".encode("latin-1"))
    with (terminal.folder / "large.mid").open("wb") as file:
        file.truncate(50_000_000)
    outcome = terminal.run(*arguments)
    assert outcome.code in (1, 2)
    assert (outcome.out, outcome.err.count("\n")) == ("", 1)
    assert part in outcome.err
    assert not terminal.data.exists()


def test_a_source_is_a_song_or_its_job_by_id(terminal: Terminal, asked: list[Request]) -> None:
    first = terminal.run("song", "rain")
    ((song_id, job_id),) = stored(terminal, "SELECT id, job_id FROM songs")
    assert f"song {song_id}" in first.out
    for source in (song_id, job_id, f" {song_id.upper()} "):
        assert terminal.run("mute", source, "--part", "drums").code == 0
        assert isinstance(asked[-1], EditRequest)
        assert asked[-1].source == song_id


def test_a_source_that_is_not_there_is_said(terminal: Terminal, asked: list[Request]) -> None:
    outcome = terminal.run("mute", "01nothing", "--part", "drums")
    assert outcome.code == 2
    assert (
        "there is no song '01nothing'; give the id that was printed with it, or the path of a .mid file" in outcome.err
    )
    assert not asked


def test_a_file_is_stored_as_an_upload(terminal: Terminal, asked: list[Request]) -> None:
    (terminal.folder / "my song.MID").write_bytes(MIDI)
    assert terminal.run("transpose", "my song.MID", "--semitones", "2").code == 0
    ((upload_id, name, data),) = stored(terminal, "SELECT id, name, data FROM uploads")
    assert (name, data) == ("my song.MID", MIDI)
    assert isinstance(asked[0], EditRequest)
    assert asked[0].source == f"upload:{upload_id}"


@pytest.mark.parametrize("given", ["text", "file", "input"])
def test_words_come_from_the_line_a_file_or_standard_input(
    terminal: Terminal, asked: list[Request], monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    words = "Row the boat home\nover the fóam\n"
    (terminal.folder / "words.txt").write_bytes(b"\xef\xbb\xbf" + words.encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(words.encode())))
    assert terminal.run("sing", {"text": words, "file": "@words.txt", "input": "-"}[given]).code == 0
    assert getattr(asked[0], "lyrics", None) == words


def test_a_song_that_was_made_but_not_delivered_is_delivered_by_the_same_command(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, asked: list[Request]
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("bot.terminal.song.deliver_song", killed)
        assert terminal.run("song", "rain").code == 130
    monkeypatch.setattr("worker.embedded.is_gone", lambda owner: True)  # as if the process had been killed
    assert terminal.run("song", "rain").code == 0
    assert len(stored(terminal, "SELECT id FROM songs")) == 1
    assert terminal.run("song", "rain").code == 0
    assert len(stored(terminal, "SELECT id FROM songs")) == 2
