"""`songwright evaluate singing`, from small corpora and small models to figures."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from bot.terminal.evaluate import evaluate
from engine.corpus.lead_sheets import HYMNS_FILE, LEAD_SHEETS_FILE, SungWork, read_sung_works, split_of
from engine.corpus.records import split_of as text_split_of
from engine.errors import RequestError
from engine.evaluation.peoples_tunes import HELD_OUT, peoples_tunes, texts_trained_on
from engine.evaluation.sung_songs import hymn_texts, song_requests, typed_requests
from tests.engine.corpus.test_lead_sheets import HYMN

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels

WORDS = "light on the hill and sea in the morning we sing of the river and rain all day long".split()


def lead_sheet(name: str, seed: int) -> dict[str, Any]:
    """Return a song of 18 quarters with a word each, in C."""
    rng = random.Random(seed)
    notes = [[float(n), 1.0, rng.choice([60, 62, 64, 65, 67]), [[1, word, "single"]]] for n, word in enumerate(WORDS)]
    return {
        "id": name, "title": name, "source": "00sapo/OpenEWLD", "language": "en", "key": [0, "major"], "notes": notes,
        "time_signatures": [[0.0, "4/4"]], "measures": [float(n) for n in range(0, 20, 4)],
        "chords": [[0.0, "C", "major", None]], "lyrics": {"1": " ".join(WORDS)},
    }  # fmt: skip


def named_for(split: str) -> list[str]:
    """Return names of works that fall into a split."""
    names = [f"song {chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(400)]
    return [n for n in names if split_of(SungWork(n, n, "", n, ())) == split]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write four lead sheets held out, two trained on, and a hymn."""
    folder = tmp_path_factory.mktemp("data")
    names = [*named_for("valid")[:2], *named_for("test")[:2], *named_for("train")[:2]]
    rows = "".join(json.dumps(lead_sheet(name, seed)) + "\n" for seed, name in enumerate(names))
    (folder / LEAD_SHEETS_FILE).write_bytes(gzip.compress(rows.encode()))
    with tarfile.open(folder / HYMNS_FILE, "w:xz") as archive:
        member = tarfile.TarInfo("hymn.abc")
        member.size = len(HYMN.encode())
        archive.addfile(member, io.BytesIO(HYMN.encode()))
    return folder


def hymn(name: str, first: str, kind: str = "hymn") -> str:
    lines = [first, "And every star above the sea", "Shall tell the story of the day", "And sing it over unto me"]
    again = ["The silver moon is on the lake", *lines[1:]]
    return json.dumps({"id": name, "work": name, "title": name, "kind": kind,
                       "text": "\n".join(lines) + "\n\n" + "\n".join(again) + "\n"}) + "\n"  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write texts: two hymns held out, one that was trained on, one of a known opening, and a poem."""
    names = [f"text {n}" for n in range(2000)]
    held = [name for name in names if text_split_of(name) in HELD_OUT]
    trained = next(name for name in names if text_split_of(name) == "train")
    rows = [
        hymn(held[0], "The gentle rain is on the hill"), hymn(held[1], "A quiet wind is on the shore"),
        hymn(trained, "The winter snow is on the hill"), hymn(held[2], " ".join(WORDS[:8])), hymn(held[3], "O poem", "poem"),
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("texts") / "texts.jsonl.gz"
    path.write_bytes(gzip.compress("".join(rows).encode()))
    return path


def run(*given: object) -> str:
    return CliRunner().invoke(evaluate, ["singing", *map(str, given)], catch_exceptions=False).stdout


def test_songs_and_hymns_are_sung_measured_and_printed(
    tiny_models: TinyModels, data: Path, corpus: Path, tmp_path: Path
) -> None:
    models = ["--lyrics", tiny_models.lyrics, "--melody", tiny_models.melody]
    parts = [word for part in ("fit", "tunes", "overlap", "files", "blind") for word in ("--only", part)]
    picture = tmp_path / "singing.png"
    found = json.loads(
        run("--songs", 3, "--hymns", 2, "--data", data, "--corpus", corpus, *models, *parts, "--json", "--picture", picture)
    )  # fmt: skip
    assert found["songs"] == {"songs": 3, "hymns": 2}
    fit = found["figures"]["3 songs, 2 hymns"]
    for name in ("coverage of syllables", "notes with words", "range", "words split by a rest"):
        goal = 0.0 if name.startswith("words") else 1.0
        assert (fit[name]["songs"], fit[name]["hymns"], fit[name]["verdict"]) == (goal, goal, "pass"), name
    files = found["figures"]["songs whose syllables are read back at their times"]
    assert all(row["songs"] == row["hymns"] == 1 for row in files.values())
    titles = " ".join(found["figures"])
    assert "beside 4 held-out tunes" in titles
    assert "blind reading, 3 of 3 songs beside 3 of 4 of people" in titles
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_corpora_songs_are_measured_alone(tiny_models: TinyModels) -> None:
    models = ["--lyrics", tiny_models.lyrics, "--melody", tiny_models.melody]
    shown = run("--songs", 1, "--only", "fit", *models)
    assert "1 songs" in shown
    assert "people" not in shown


def test_texts_that_the_melody_model_knows_are_not_sung(data: Path, corpus: Path) -> None:
    works = read_sung_works(data)
    assert {tune.split for tune in peoples_tunes(works)} >= {"train", "valid", "test"}
    texts = hymn_texts(corpus, texts_trained_on(data, works), 10)
    assert sorted(text.splitlines()[0] for text in texts) == [
        "A quiet wind is on the shore",
        "The gentle rain is on the hill",
    ]


def test_songs_are_ten_themes_in_ten_styles_each_with_its_seed() -> None:
    requests = song_requests(100)
    assert len({(request.theme, request.style) for request in requests}) == 100
    assert len({request.style for request in requests}) == len({request.theme for request in requests}) == 10
    assert [request.seed for request in requests] == list(range(100))
    assert len({request.style for request in song_requests(10)}) == 10
    assert len({request.style for request, _ in typed_requests(20)}) == 10


def test_what_is_missing_is_said(data: Path, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="--corpus needs --data"):
        run("--corpus", corpus)
    with pytest.raises(RequestError, match="add --only fit"):
        run("--only", "files", "--picture", tmp_path / "a.png")
    with pytest.raises(RequestError, match="has not both"):
        run("--data", tmp_path)
