"""Promises of importers: good rows arrive, broken ones are counted and quoted, and every record says where it is from."""

from __future__ import annotations

import csv
import gzip
import io
import json
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.artist_choice import artist_key, read_artists
from engine.corpus.import_songs import QUOTED, ImportReport, ImportRequest, import_songs, work_of
from engine.corpus.importers import FORMATS, BadRow, RawSong, format_of
from engine.corpus.importers.csv_songs import read_head, rows_of
from engine.corpus.records import parse_record, read_jsonl
from engine.errors import FileFormatError, OutputError, RequestError
from engine.lyrics.plain_songs import read_plain_song

HEAD = "artist,song,link,text\n"
TEXT = "Look at her face, it's \"wonderful\"  \nAnd it means something  \n\n[Chorus: Ann]\nShe's just my kind  \n"


def table(*rows: tuple[str, str, str], end: str = "\r\n") -> str:
    written = io.StringIO(newline="")
    lines = csv.writer(written, lineterminator=end)
    lines.writerow(("artist", "song", "link", "text"))
    lines.writerows(
        (artist, title, f"/{title[:1].lower()}/{n}.html", text) for n, (artist, title, text) in enumerate(rows)
    )
    return written.getvalue()


def imported(source: Path, **given: Any) -> tuple[list[dict[str, Any]], ImportReport]:
    out = source.parent / "out.jsonl.gz"
    found = import_songs(ImportRequest(source, out, **({"licence": "CC0-1.0"} | given)))
    return list(read_jsonl(out)), found


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_table_becomes_records_that_training_reads(tmp_path: Path) -> None:
    records, found = imported(
        written(tmp_path, "songs.csv", table(("ABBA", "Kind (Live)", TEXT), ("Ann", "Rain", "la la\n")))
    )
    assert (found.rows, found.imported, found.artists, found.bad) == (2, 2, 2, {})
    first = records[0]
    assert (
        first["text"]
        == "Look at her face, it's \"wonderful\"\nAnd it means something\n\n[Chorus]\nShe's just my kind\n"
    )
    assert (first["author"], first["title"], first["kind"], first["language"]) == ("ABBA", "Kind (Live)", "song", "en")
    assert (first["source"], first["licence"], first["work"]) == ("songs.csv", "CC0-1.0", "abba - kind")
    assert first["singers"] == ["Ann"]
    record = parse_record(first)
    assert [stanza.is_chorus for stanza in record.stanzas] == [False, True]
    assert record.licence == "CC0-1.0"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_tables_of_any_encoding_and_line_end_are_the_same(tmp_path: Path, encoding: str, end: str) -> None:
    text = table(("Céline", "L'été", "naïve café\nla “la”\n"), end=end)
    records, found = imported(written(tmp_path, "songs.csv", text.encode(encoding)))
    assert (records[0]["author"], records[0]["title"], records[0]["text"]) == (
        "Céline",
        "L'été",
        "naïve café\nla “la”\n",
    )
    assert not found.bad


@given(
    st.lists(st.text(alphabet='ab ,"\n;é[', min_size=1, max_size=40).filter(lambda t: "a" in t), min_size=1, max_size=5)
)
def test_whatever_a_cell_holds_its_row_arrives(texts: list[str]) -> None:
    lines = table(*((f"A{n}", "T", text) for n, text in enumerate(texts))).splitlines()
    head = read_head("songs.csv", lines[0])
    rows = [row for _, row in rows_of(head, enumerate(lines[1:], 2))]
    assert [row[3] for row in rows if not isinstance(row, BadRow)] == texts
    assert not any(isinstance(row, BadRow) for row in rows)


BROKEN = {
    "a quotation mark is never closed": 'Bad,Open {n},/o/{n}.html,"the words\nand more, but no end\n',
    "it has not as many columns as the head": "Bad,Short {n}\n",
    "a quotation mark inside it is not doubled": 'Bad,Inner {n},/i/{n}.html,"she said "rain" again"\n',
    "it has no words": 'Bad,Empty {n},/e/{n}.html,"  "\n',
    "it has bytes that are no text": 'Bad,Bytes {n},/b/{n}.html,"la \x00 la"\n',
}


def broken_rows(count: int, every: int) -> Iterator[str]:
    kinds = list(BROKEN.values())
    for n in range(count):
        if n % every == every // 2:
            yield kinds[n // every % len(kinds)].format(n=n)
        else:
            yield f'Artist {n % 97},Song {n},/s/{n}.html,"Rain {n}, la  \nsea, ""{n}""\n"\n'


def test_of_100_000_rows_with_1000_broken_all_others_arrive(tmp_path: Path) -> None:
    source = tmp_path / "songs.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        file.write(HEAD)
        file.writelines(broken_rows(100_000, 100))
    records, found = imported(source)
    wanted = [n for n in range(100_000) if n % 100 != 50]
    assert [int(record["title"].split()[1]) for record in records] == wanted
    assert all(record["text"] == f'Rain {n}, la\nsea, "{n}"\n' for n, record in zip(wanted, records, strict=True))
    assert found.rows == 100_000
    assert found.bad == dict.fromkeys(BROKEN, 200)
    assert Counter(quote.why for quote in found.quotes) == dict.fromkeys(BROKEN, QUOTED)
    lines = source.read_text(encoding="utf-8").split("\n")
    for quote in found.quotes:
        assert quote.file == "songs.csv"
        assert "Bad" in quote.start
        assert lines[quote.line - 1].startswith("Bad,")
        assert len(quote.start) <= 60


def test_rows_stream() -> None:
    pulled = 0

    def lines() -> Iterator[tuple[int, str]]:
        nonlocal pulled
        for pulled in range(1, 10_000):
            yield pulled, f"A,S,/s/{pulled}.html,la"

    rows = rows_of(read_head("songs.csv", HEAD.strip()), lines())
    for count in range(1, 5):
        next(rows)
        assert pulled <= count + 1


def test_a_row_that_never_ends_costs_itself(tmp_path: Path) -> None:
    text = (
        HEAD
        + 'A,One,/a.html,"la la\nli li\n'
        + "B,Two,/b.html,plain words\n"
        + 'C,Three,/c.html,"lo lo"\n'
        + 'D,F,/d.html,"la'
    )
    records, found = imported(written(tmp_path, "songs.csv", text))
    assert [record["title"] for record in records] == ["Two", "Three"]
    assert found.bad == {"a quotation mark is never closed": 2}
    assert [quote.line for quote in found.quotes] == [2, 6]


def test_columns_may_have_other_names_and_order_and_signs_between(tmp_path: Path) -> None:
    source = written(tmp_path, "songs.tsv", "lyrics\tyear\ttitle\tartist_name\nla rain\t1999\tRain\tAnn\n")
    record = imported(source)[0][0]
    assert (record["text"], record["title"], record["author"], record["year"]) == ("la rain\n", "Rain", "Ann", "1999")
    with pytest.raises(FileFormatError, match="no column of words"):
        imported(written(tmp_path, "table.csv", "a,b\n1,2\n"))


def test_json_lines_keep_what_they_say_of_themselves(tmp_path: Path) -> None:
    rows = [
        {"id": "x/1", "title": "Rain", "author": "Ann", "kind": "hymn", "work": "Book", "licence": "PD", "source": "S",
         "year": 1890, "language": "de", "text": "la\n\nla\n"},
        {"artist": "Bo", "title": "Sea", "lyrics": "la la"},
    ]  # fmt: skip
    lines = [json.dumps(rows[0]), "{oops", "[1]", json.dumps(rows[1]), '{"title": "no words"}', '{"text": "a\\ud800"}']
    records, found = imported(
        written(tmp_path, "a.jsonl.gz", gzip.compress("\n".join(lines).encode())), source_name="web"
    )
    assert {name: records[0][name] for name in rows[0]} == rows[0]
    assert (records[1]["source"], records[1]["licence"], records[1]["work"]) == ("web", "CC0-1.0", "bo - sea")
    assert found.rows == 6
    assert sorted(found.bad) == [
        "it has bytes that are no text",
        "it has no words",
        "it is not JSON",
        "it is not a JSON object",
    ]


def test_folders_name_artist_and_title(tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    written(songs, "Ann Lee/Rain.txt", "the rain\n")
    written(songs, "Bo - Sea.txt", "the sea\n")
    written(songs, "deep/er/Cy - Night.txt", "the night\n")
    written(songs, "many.txt", "<<Di - One>>\n[Verse]\nthe one\n\n<<Di - Two>>\nthe two\n")
    written(songs, "empty.txt", "\n")
    records, found = imported(songs)
    assert {(record["author"], record["title"]) for record in records} == {
        ("Ann Lee", "Rain"), ("Bo", "Sea"), ("Cy", "Night"), ("Di", "One"), ("Di", "Two")
    }  # fmt: skip
    assert found.bad == {"it has no words": 1}
    with pytest.raises(FileFormatError, match=r"holds no \.txt"):
        imported(written(tmp_path / "other", "song.mid", "x").parent)


def test_files_of_labelled_songs(tmp_path: Path) -> None:
    text = ("notes\n<<Ann - Rain - Live>>\n[Produced by Bo]\n[Verse 1: Ann]\nthe rain (x2)\n[Chorus: Bo]\nsing\n[Hook]\nhey\n"
            "<<Cut\nlost\n<<Only a Title>>\nla la\n")  # fmt: skip
    records, found = imported(written(tmp_path, "songs.txt", text))
    assert records[0]["text"] == "[Verse 1]\nthe rain\nthe rain\n\n[Chorus]\nsing\n\n[Hook]\nhey\n"
    assert (records[0]["author"], records[0]["title"], records[0]["work"]) == ("Ann", "Rain - Live", "ann - rain")
    assert (records[1]["author"], records[1]["title"]) == ("", "Only a Title")
    assert found.credit_lines == 1
    assert records[0]["singers"] == ["Ann", "Bo"]
    assert sorted(found.bad.values()) == [1, 1]
    song = read_plain_song(f"<<Ann - Rain>>\n{records[0]['text']}")
    assert song.lines == ("the rain", "the rain", "sing", "hey")


def test_ids_are_the_words_and_not_the_place(tmp_path: Path) -> None:
    one = imported(written(tmp_path, "a.csv", table(("Ann", "Rain", "la"), ("Bo", "Sea", "li"))))[0]
    two = imported(written(tmp_path, "b.csv", table(("Bo", "Sea", "li"), ("Ann", "Rain", "lo"))))[0]
    assert one[1]["id"] == two[0]["id"]
    assert len({record["id"] for record in one + two}) == 3


def test_wanted_artists_and_those_with_most_songs(tmp_path: Path) -> None:
    rows = [
        ("The Beatles", "A", "la a"),
        ("beatles", "B", "la b"),
        ("Ann", "C", "la c"),
        ("Bo", "D", "la d"),
        ("Bo", "E", "la e"),
    ]
    source = written(tmp_path, "songs.csv", table(*rows))
    named, found = imported(source, artists=("Beatles", "Anne"))
    assert [record["title"] for record in named] == ["A", "B"]
    assert (found.left_out, found.unknown_artists) == (3, {"Anne": ["Ann"]})
    top, _ = imported(source, top_artists=2)
    assert [record["title"] for record in top] == ["A", "B", "D", "E"]
    with pytest.raises(RequestError, match="known are Ann"):
        imported(source, artists=("Annn",))
    names = written(tmp_path, "artists.txt", "Ann\n\nEarth, Wind & Fire\n")
    assert read_artists(str(names)) == ("Ann", "Earth, Wind & Fire")
    assert read_artists("Ann, Bo") == ("Ann", "Bo")
    assert artist_key("Beyoncé") == artist_key("BEYONCE")


def test_versions_share_a_work() -> None:
    assert work_of("Ann", "Rain (Live) [2009]") == work_of("ANN", "Rain - Remastered 2011") == work_of("ann", "rain!")
    assert work_of("Ann", "Rain") != work_of("Bo", "Rain")
    assert work_of("Ann", "(Rain)") != work_of("Ann", "(Sea)")
    assert work_of("Ann", "") == ""


def test_every_format_says_what_is_not_there(tmp_path: Path) -> None:
    assert {format_of(written(tmp_path, name, "x")) for name in ("a.csv", "a.jsonl.gz", "a.ndjson")} == {"csv", "jsonl"}
    for form in FORMATS:
        with pytest.raises((RequestError, FileFormatError), match="nowhere"):
            imported(tmp_path / "nowhere", format=form)
    with pytest.raises(FileFormatError, match="--format"):
        imported(written(tmp_path, "a.doc", "plain words\n"))
    with pytest.raises(FileFormatError, match="damaged"):
        imported(written(tmp_path, "cut.jsonl.gz", gzip.compress(b'{"text": "la"}\n' * 999)[:-20]))
    with pytest.raises(RequestError, match="licence"):
        imported(written(tmp_path, "b.csv", table(("A", "B", "la"))), licence=" ")
    with pytest.raises(RequestError, match="holds no song: 1 of 1"):
        imported(written(tmp_path, "c.csv", table(("A", "B", "--"))))


def test_a_disk_that_fills_leaves_what_was_there(tmp_path: Path) -> None:
    source = written(tmp_path, "songs.jsonl", "".join(json.dumps({"text": f"la {n**9}"}) + "\n" for n in range(4000)))
    out = written(tmp_path, "out.jsonl.gz", b"before")
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OutputError, match="make room"):
            import_songs(ImportRequest(source, out, "CC0-1.0"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert out.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl.gz", "songs.jsonl"]
    with pytest.raises(OutputError, match="cannot be written"):
        import_songs(ImportRequest(source, out / "below.jsonl", "CC0-1.0"))


@given(st.binary(max_size=300))
def test_no_bytes_are_a_bug(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.csv", "a.jsonl", "a.txt", "b.csv"):
            path = written(Path(folder), name, (HEAD.encode() if name == "b.csv" else b"") + content)
            try:
                rows = list(
                    FORMATS[{".csv": "csv", ".jsonl": "jsonl", ".txt": "labelled"}[path.suffix]](
                        path, lambda count: None
                    )
                )
            except (FileFormatError, RequestError):
                continue
            assert all(isinstance(row, (RawSong, BadRow)) for row in rows)
