"""Photographs a page with a browser that is installed, and makes the picture small. Knows nothing of what is on it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import click
from PIL import Image

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, TALLEST = 820, 4000
SCALE = 2  # pixels per unit of the page: README pages are shown on sharp screens
END_COLOUR = (255, 0, 255)  # of the line that ends a page
COLOURS = 256
FADE = 40  # units at the lower edge of a page that goes on
WAIT_SECONDS = 90


def find_browser() -> str:
    """Return the path of a browser; a sentence for the terminal where there is none."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        raise click.ClickException(
            "the pictures are drawn by Chromium, which is not installed; on Debian: "
            "apt-get install chromium fonts-liberation fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji"
        )
    return found


def photograph(html: str, target: Path, browser: str, tallest: int) -> None:
    """Write a page as a PNG with few colours, as tall as the page and at most so many of its units."""
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        source, shot = folder / "page.html", folder / "shot.png"
        source.write_text(html, encoding="utf-8")
        options = (
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files",
            f"--user-data-dir={folder / 'profile'}", f"--force-device-scale-factor={SCALE}",
            f"--window-size={WIDTH},{TALLEST}", f"--screenshot={shot}",
        )  # fmt: skip
        command = [browser, *options, source.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=WAIT_SECONDS)
        with Image.open(shot) as taken:
            picture = taken.convert("RGB")
    end = _end(picture)
    picture = picture.crop((0, 0, picture.width, min(end, tallest * SCALE)))
    if picture.height < end:
        _fade(picture)
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    few.save(target, optimize=True)


def _end(picture: Image.Image) -> int:
    """Return the row of pixels at which the page ends."""
    column = picture.crop((4, 0, 5, picture.height))
    return next(row for row in range(picture.height) if column.getpixel((0, row)) == END_COLOUR)


def _fade(picture: Image.Image) -> None:
    """Let the lower edge fade away, so that it is seen that the page goes on."""
    rows = FADE * SCALE
    mask = Image.linear_gradient("L").resize((picture.width, rows))
    background = Image.new("RGB", (picture.width, rows), picture.getpixel((4, picture.height - 1)))
    picture.paste(background, (0, picture.height - rows), mask)
