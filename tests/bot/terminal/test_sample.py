"""`songwright sample` writes what it was asked for, by a directory and by a server, and says what it cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.lyrics.text_models import LYRIC_FAMILIES, LyricFamily
from tests.bot.conftest import Terminal
from tests.completions_server import KEY, TEXT, Reply, completion, completions_server, events
from tests.tiny_text_models import SONGS, write_counting_directory

ROOT = Path(__file__).parents[3]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    family = LyricFamily("tests.tiny_text_models:open_counting_directory", None, "for tests")
    monkeypatch.setitem(LYRIC_FAMILIES, "tiny-counts", family)
    return str(write_counting_directory(tmp_path / "model", [SONGS], order=3))


def test_a_song_is_printed_and_its_seed_gives_it_again(terminal: Terminal, model: str) -> None:
    first = terminal.run("sample", model, "--artist", "Ann Harbour", "--title", "Night", "--lines", "3-8")
    assert first.code == 0
    assert first.out.startswith("<<Ann Harbour - Night>>\n")
    seed = first.err.split("seed ")[1].split(",")[0]
    again = terminal.run(
        "sample", model, "--artist", "Ann Harbour", "--title", "Night", "--lines", "3-8", "--seed", seed
    )
    assert again.out == first.out


def test_several_songs_differ_and_each_is_what_its_seed_gives(terminal: Terminal, model: str) -> None:
    found = json.loads(terminal.run("sample", model, "--count", "3", "--seed", "5", "--lines", "6", "--json").out)
    assert [song["seed"] for song in found["songs"]] == [5, 6, 7]
    alone = terminal.run("sample", model, "--seed", "6", "--lines", "6")
    assert alone.out == found["songs"][1]["text"]
    several = terminal.run("sample", model, "--count", "3", "--seed", "5", "--lines", "6")
    assert several.out == "\n".join(song["text"] for song in found["songs"])
    assert "song 3, seed 7" in several.err


def test_start_and_end_are_kept_and_sampling_has_its_options(terminal: Terminal, model: str) -> None:
    options = ["--start", r"[Verse 1]\nthe sea", "--end-phrase", "amen", "--lines", "4-6", "--gumbel"]
    options += ["--repetition-penalty", "1.1", "--no-repeat-ngram", "8", "--temperature", "0.7", "--json"]
    found = json.loads(terminal.run("sample", model, *options).out)
    (song,) = found["songs"]
    assert song["text"].startswith("<<Unknown - Untitled>>\n[Verse 1]\nthe sea")
    assert song["text"].endswith("amen\n")
    assert 4 <= song["lines"] <= 6
    assert found["request"]["sampling"]["gumbel"] is True


def test_a_file_is_written_whole_and_never_over_another(terminal: Terminal, model: str) -> None:
    first = terminal.run("sample", model, "--out", "songs.txt", "--seed", "1", "--lines", "5")
    assert (first.code, first.out) == (0, "")
    written = (terminal.folder / "songs.txt").read_text()
    again = terminal.run("sample", model, "--out", "songs.txt", "--seed", "2", "--lines", "5")
    assert again.code == 2
    assert "there already" in again.err
    assert (terminal.folder / "songs.txt").read_text() == written
    assert terminal.run("sample", model, "--out", "nowhere/songs.txt", "--lines", "2").code == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--lines", "many"], "--lines must be a number or a range such as 8-40, got 'many'"),
        (["--lines", "9-3"], "lines must be a range within 0-1000, the fewest first, got 9-3"),
        (["--count", "65"], "--count must be a whole number from 1 up to 64, got '65'"),
        (["--repetition-penalty", "3"], "--repetition-penalty must be a number from 1 up to 2, got '3'"),
        (["--no-repeat-ngram", "11"], "--no-repeat-ngram must be a whole number from 0 up to 10"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(terminal: Terminal, model: str, options: list[str], said: str) -> None:
    outcome = terminal.run("sample", model, *options)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_directory_of_no_family_is_refused_with_the_way_out(terminal: Terminal) -> None:
    outcome = terminal.run("sample", str(ROOT / "engine" / "starter" / "lyrics"))
    assert outcome.code == 1
    assert "songwright lyrics THEME" in outcome.err


@pytest.mark.parametrize(
    "command", [["sample", "nowhere"], ["evaluate", "text", "nowhere", "--data", "x"], ["compare", "nowhere", "nowhere"],
                ["evaluate", "baselines", "--data", "x", "--model", "nowhere"], ["evaluate", "words", "--lyrics", "nowhere"],
                ["lyrics", "--interactive", "--model", "nowhere"]]
)  # fmt: skip
def test_a_model_that_is_not_there_is_bad_input(terminal: Terminal, command: list[str]) -> None:
    outcome = terminal.run(*command)
    assert outcome.code == 2
    assert "nowhere" in outcome.err
    assert outcome.err.count("\n") == 1


def remote(terminal: Terminal, *options: str, **served: Any) -> tuple[Any, Any]:
    with completions_server() as server:
        for name, value in served.items():
            setattr(server, name, value)
        return terminal.run("sample", server.url, "--title", "Home", *options), server


def test_a_server_writes_songs_and_its_cost_is_counted(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_REMOTE_KEY", KEY)
    outcome, server = remote(terminal, "--price-in", "1", "--price-out", "2", "--seed", "3", key=KEY)
    assert (outcome.code, outcome.out) == (0, f"<<Unknown - Home>>\n{TEXT}")
    assert "1 answer, 10 tokens sent and 20 written; cost 0.000050" in outcome.err
    assert [key for _, key, _ in server.asked] == [f"Bearer {KEY}"] * 2  # its models, and the song
    found = json.loads(remote(terminal, "--json", "--count", "2", "--price-out", "1000000", key=KEY)[0].out)
    assert found["use"] == {"answers": 2, "prompt_tokens": 20, "written_tokens": 40, "uncounted": 0, "cost": 40.0}
    assert found["model"].startswith("tiny at http://127.0.0.1:")


def test_a_wrong_key_is_a_sentence_without_the_key(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_REMOTE_KEY", KEY)
    outcome, _ = remote(terminal, "--model", "tiny", key="another")
    assert outcome.code == 2
    assert "refused the key (401)" in outcome.err
    assert KEY not in outcome.err + outcome.out


def test_a_server_with_several_models_wants_a_name(terminal: Terminal) -> None:
    outcome, _ = remote(terminal, models=["small", "large"])
    assert outcome.code == 2
    assert "with --model, or as http://" in outcome.err
    assert "it has small, large" in outcome.err
    outcome, server = remote(terminal, "--model", "large", models=["small", "large"])
    assert outcome.code == 0
    assert server.asked[-1][2]["model"] == "large"


def test_a_model_that_talks_is_asked_to(terminal: Terminal) -> None:
    outcome, server = remote(terminal, "--chat", replies=[Reply(body=completion("la\n", is_chat=True))])
    assert outcome.out == "<<Unknown - Home>>\nla\n"
    assert server.asked[-1][0] == "/v1/chat/completions"


def test_a_model_is_named_in_the_address_as_well(terminal: Terminal) -> None:
    with completions_server() as server:
        server.models = ["small", "org/large"]
        outcome = terminal.run("sample", f"{server.url}/v1#org/large", "--title", "Home")
    assert outcome.code == 0
    assert [(path, body["model"]) for path, _, body in server.asked] == [("/v1/completions", "org/large")]


def test_ctrl_c_stops_a_song_that_a_server_writes_within_a_second(tmp_path: Path) -> None:
    """A real process, a real signal, and a server that says no more after its first line."""
    with completions_server() as server:
        server.replies = [Reply(stream=events("the sea is wide\nthe ni", None, usage=False, done=False), stays=True)]
        command = [sys.executable, "-m", "bot", "sample", server.url, "--title", "Home", "--model", "tiny"]
        environment = os.environ | {"XDG_DATA_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT
        )
        assert process.stdout is not None
        assert process.stderr is not None
        assert [process.stdout.readline() for _ in range(2)] == ["<<Unknown - Home>>\n", "the sea is wide\n"]
        pressed = time.monotonic()
        process.send_signal(signal.SIGINT)
        said = [process.stderr.readline() for _ in range(3)]
        assert time.monotonic() - pressed < 1.0
        said += process.communicate(timeout=60)[1:]
    assert process.returncode == 130
    assert said[0].startswith("1 answer, 0 tokens sent and 0 written; 1 of the answers, not counted")
    assert said[2].startswith("songwright: stopped")
    assert said[3] == ""
