"""A real server, `transformers serve` on a tiny random model, answers what songs are asked of it."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.contract import Sampling
from engine.errors import RequestError
from engine.lyrics.remote import Remote
from engine.lyrics.remote_server import RemoteServer
from engine.lyrics.remote_writer import RemoteWriter, open_remote, write_remote_song
from engine.lyrics.text_models import NoBits, open_text_model
from tests.completions_server import completions_server
from tests.tiny_hf_models import write_tiny_model

CHAT = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
WARM = Sampling(temperature=1.0, top_p=1.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for needed in ("transformers", "fastapi", "uvicorn", "openai"):
        pytest.importorskip(needed)
    folder = write_tiny_model(tmp_path_factory.mktemp("served") / "model", "llama")
    ids = {"eos_token_id": 0, "bos_token_id": 0, "do_sample": True}
    (folder / "generation_config.json").write_text(json.dumps(ids))
    (folder / "chat_template.jinja").write_text(CHAT)
    return folder


@pytest.fixture(scope="module")
def address(model: Path) -> Iterator[str]:
    """Run the server on a free port; return where it says that it is."""
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(model.parent / "hub"), "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", "0", "--device", "cpu"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert server.stderr is not None
    said = []
    for line in server.stderr:
        said.append(line)
        if found := re.search(r"running on (http://[\d.]+:\d+)", line):
            break
    try:
        assert found, "".join(said)
        yield found[1]
    finally:
        server.kill()
        server.communicate()


def remote(address: str, model: Path, *, chat: bool = False) -> Remote:
    return Remote(RemoteServer(address, str(model), chat=chat, tries=1))


def test_a_song_by_completions_has_its_lines_and_its_start(address: str, model: Path) -> None:
    one = remote(address, model)
    asked = {"artist": "Artist 1", "title": "Song 1", "start": "[Verse 1]\nriver", "fewest_lines": 1, "most_lines": 2}
    first, other = (write_remote_song(one, **asked, sampling=WARM, seed=seed)[0] for seed in (3, 4))
    assert first.text.startswith("<<Artist 1 - Song 1>>\n[Verse 1]\nriver")
    assert 1 <= len(first.song.lines) <= 2
    assert first.text != other.text
    assert one.use.answers >= 2
    assert one.use.prompt_tokens > 20
    assert one.use.written_tokens > 0
    assert one.use.uncounted == 0


def test_the_same_seed_gives_the_same_answer_and_temperature_zero_needs_none(address: str, model: Path) -> None:
    one = remote(address, model)

    def ask(seed: int, sampling: Sampling) -> str:
        return one.complete("<<A - B>>\n", most_tokens=12, sampling=sampling, seed=seed).text

    assert ask(5, WARM) == ask(5, WARM)
    assert ask(1, Sampling(temperature=0)) == ask(2, Sampling(temperature=0))


def test_tokens_that_run_out_are_told_from_an_end(address: str, model: Path) -> None:
    answer = remote(address, model).complete("river", most_tokens=3, sampling=WARM, seed=1)
    assert answer.text
    assert not answer.is_whole


def test_an_answer_comes_in_pieces_that_are_the_whole_answer(address: str, model: Path) -> None:
    one, pieces = remote(address, model), []
    options = {"most_tokens": 24, "sampling": WARM, "seed": 6}

    def hear(piece: str) -> bool:
        pieces.append(piece)
        return True

    streamed = one.complete("<<A - B>>\n", hear=hear, **options)
    assert len(pieces) > 1
    assert "".join(pieces) == streamed.text
    whole = one.complete("<<A - B>>\n", **options)  # ends within a letter, which the server does not stream
    assert (streamed.text.rstrip("\ufffd"), streamed.is_whole) == (whole.text.rstrip("\ufffd"), whole.is_whole)
    assert one.use.uncounted == 0


def test_the_server_says_no_bits_and_it_is_said(address: str, model: Path) -> None:
    with pytest.raises(NoBits, match="does not echo prompts"):
        RemoteWriter(remote(address, model)).bits(["<<A - B>>\nriver\n"])


def test_bits_by_a_server_are_those_of_the_same_model_here_less_the_end(model: Path) -> None:
    opened = open_text_model(model, threads=1)

    def read(text: str) -> tuple[list[float], np.ndarray]:
        """Return what each id costs after those before it, in nats, and all that an id after the last would."""
        memory, ids, found = opened.model.new_memory(1), opened.tokenizer.encode(text), [0.0]
        costs = _costs(opened.model.extend(memory, 0, ids[:1]))
        for i in ids[1:]:
            found.append(float(costs[i]))
            costs = _costs(opened.model.extend(memory, 0, [i]))
        return found, costs

    songs = ["<<Artist 1 - Song 1>>\n[Verse 1]\nriver\nsea\n", "<<A - B>>\nthe sea\n"]
    with completions_server() as server:
        server.costs = lambda prompt: read(prompt)[0]
        found = open_remote(server.url).bits(songs)
    ends = [float(read(song)[1][opened.tokenizer.end_id]) / math.log(2) for song in songs]
    assert [bits + end for bits, end in zip(found, ends, strict=True)] == pytest.approx(opened.bits(songs), rel=1e-4)


def _costs(logits: np.ndarray) -> np.ndarray:
    return np.logaddexp.reduce(logits.astype(np.float64)) - logits


def test_a_song_by_chat(address: str, model: Path) -> None:
    one = remote(address, model, chat=True)
    (song,) = write_remote_song(one, artist="A", title="B", most_lines=2, sampling=WARM, seed=1)
    assert song.text.startswith("<<A - B>>\n")
    assert one.use.written_tokens > 0


def test_another_model_is_refused_by_name(address: str) -> None:
    with pytest.raises(RequestError, match="other"):
        Remote(RemoteServer(address, "other", tries=1)).complete("a", most_tokens=2, sampling=WARM, seed=0)
