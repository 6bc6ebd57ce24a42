"""The README's commands exist with the options that it names, and its local links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from bot.cli import cli
from engine.contract import SongRequest
from engine.song.styles import STYLES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKERS = (ROOT / "engine" / "training" / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```sh\n(.*?)^```", README + MAKERS, re.MULTILINE | re.DOTALL) + re.findall(r"`([^`\n]+)`", README)
LINES = [line.strip() for block in CODE for line in block.splitlines()]
COMMANDS = sorted({line for line in LINES if re.match(r"songwright [a-z]", line)})
TARGETS = sorted({line for line in LINES if line.startswith("make ")})


def find_command(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that the words name, and the words after its name."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words[0]) if words else None
        assert found is not None, f"there is no command {words}"
        command, words = found, words[1:]
    return command, words


def test_the_readme_names_commands() -> None:
    assert len(COMMANDS) >= 10
    assert "make song" in TARGETS


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_can_be_given(line: str) -> None:
    command, words = find_command(shlex.split(line, comments=True)[1:])
    command.make_context(line, words, resilient_parsing=False)


def test_every_option_of_song_is_in_the_readme() -> None:
    command, _ = find_command(["song"])
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    assert {name for name in options if f"`{name}`" not in README} == set()


def test_every_option_in_the_readme_is_one() -> None:
    known: set[str] = set()
    for line in COMMANDS:
        command, _ = find_command(shlex.split(line, comments=True)[1:])
        known |= {name for parameter in command.params for name in parameter.opts}
    assert set(re.findall(r"`(--[a-z-]+)`", README + MAKERS)) <= known


def test_styles_and_defaults_are_those_of_the_code() -> None:
    row = next(line for line in README.splitlines() if line.startswith("| `--style`"))
    assert {name for name in STYLES if name not in row} == set()
    assert SongRequest(theme="rain").style in row


@pytest.mark.parametrize("line", TARGETS)
def test_a_make_target_of_the_readme_exists(line: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    target, *settings = shlex.split(line)[1:]
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert all(re.search(rf"^{name} \?=", makefile, re.MULTILINE) for name in (s.partition("=")[0] for s in settings))


def test_local_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
