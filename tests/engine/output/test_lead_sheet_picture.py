"""Pages of staff notation: pictures of a size that people can read, the same each time, and a PDF of the same pages."""

from __future__ import annotations

import dataclasses
import io

import pytest
from PIL import Image

from engine.errors import Cancelled
from engine.music.lead_sheet import LeadSheet
from engine.music.score import TimeSignature
from engine.output.lead_sheet_picture import MOST_PAGES, lead_sheet_pdf, lead_sheet_pngs, pages_of


@pytest.fixture(scope="module")
def pages(sheet: LeadSheet) -> list[bytes]:
    return lead_sheet_pngs(sheet)


def test_a_song_is_one_page_that_discord_shows_whole(pages: list[bytes]) -> None:
    (page,) = pages
    image = Image.open(io.BytesIO(page))
    assert image.width == 1600
    assert 900 < image.height <= 2000
    assert len(page) < 500_000


def test_the_same_sheet_gives_the_same_bytes(sheet: LeadSheet, pages: list[bytes]) -> None:
    assert lead_sheet_pngs(sheet) == pages


def test_words_and_notes_leave_their_ink(sheet: LeadSheet, pages: list[bytes]) -> None:
    silent = dataclasses.replace(sheet, notes=(), is_sung=False)
    assert lead_sheet_pngs(silent)[0] != pages[0]
    dark = [
        sum(Image.open(io.BytesIO(page)).convert("L").histogram()[:100])
        for page in (pages[0], lead_sheet_pngs(silent)[0])
    ]
    assert dark[0] > 1.2 * dark[1]


def test_a_long_song_has_pages_up_to_a_limit(sheet: LeadSheet) -> None:
    def again(times: int) -> LeadSheet:
        shift = sheet.length_ticks
        notes = [
            dataclasses.replace(note, onset_ticks=note.onset_ticks + n * shift)
            for n in range(times)
            for note in sheet.notes
        ]
        return dataclasses.replace(sheet, notes=tuple(notes), length_ticks=times * shift, chords=(), sections=())

    pages = pages_of(again(5))
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    assert len(pages) > 1
    assert all(page.height <= 2000 for page in pages)
    assert len(pages_of(again(16))) == MOST_PAGES


@pytest.mark.parametrize("meter", [(3, 4), (6, 8), (2, 4)])
def test_an_empty_sheet_of_any_meter_is_drawn(meter: tuple[int, int]) -> None:
    signature = TimeSignature(*meter)
    assert len(lead_sheet_pngs(LeadSheet("", "Db major", signature, 90, 4 * signature.bar_ticks, (), (), ()))) == 1


def test_the_pdf_has_the_pages_and_is_the_same_each_time(sheet: LeadSheet) -> None:
    first = lead_sheet_pdf(sheet)
    assert first.startswith(b"%PDF-")
    assert first.count(b"/Type /Page ") == len(pages_of(sheet))
    assert lead_sheet_pdf(sheet) == first


def test_a_song_that_is_taken_back_is_not_drawn(sheet: LeadSheet) -> None:
    with pytest.raises(Cancelled):
        lead_sheet_pngs(sheet, lambda: True)
