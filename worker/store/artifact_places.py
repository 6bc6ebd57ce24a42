"""Where files of songs may lie outside the database: the setting `SONGWRIGHT_ARTIFACTS_URL`, as fsspec filesystems.

Knows nothing of songs. fsspec is imported only where such a place is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from worker.store.store_error import StoreError

IN_DATABASE = "database"  # may stand before the places: new files go into the database, old ones are read from these


@dataclass(frozen=True)
class Place:
    """A folder or bucket. fs: an `fsspec.AbstractFileSystem`; shown: as a host may see it, without secrets."""

    fs: Any
    root: str
    is_local: bool
    shown: str

    def path(self, location: str) -> str:
        """Return the path of a location, which is relative to the root: a folder that was moved is still read."""
        return f"{self.root}/{location}"


@dataclass(frozen=True)
class Places:
    """writing: where new files go, None for the database. reading: all places, in the order of looking."""

    writing: Place | None = None
    reading: tuple[Place, ...] = ()


def open_places(setting: str | None) -> Places:
    """Return the places that a setting names, divided by commas: the first is written to, all are read.

    Nothing is connected yet. StoreError for what fsspec does not know or cannot open.
    """
    urls = [url.strip() for url in (setting or "").split(",") if url.strip()]
    places = tuple(_open(url) for url in urls if url != IN_DATABASE)
    if not urls or urls[0] == IN_DATABASE:
        return Places(None, places)
    return Places(places[0], places)


def _open(url: str) -> Place:
    scheme = url.partition("://")[0] if "://" in url else "file"
    if scheme == "file" and not url.removeprefix("file://").startswith("/"):
        raise StoreError(
            "SONGWRIGHT_ARTIFACTS_URL must name a folder from the root, as in file:///srv/songwright/files, "
            "or a bucket, as in s3://bucket/prefix"
        )
    try:
        from fsspec.core import url_to_fs

        # Other processes write there too, so that nothing may be remembered of what was there a moment ago.
        fs, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise StoreError(
            f"files at {scheme}:// need a Python package that is not installed ({error}); "
            "pip install 'songwright[files]' for folders or 'songwright[s3]' for S3, or unset SONGWRIGHT_ARTIFACTS_URL"
        ) from error
    except ValueError as error:
        raise StoreError(
            f"SONGWRIGHT_ARTIFACTS_URL cannot be used, {scheme}:// is not known or not complete; "
            "file:///folder and s3://bucket/prefix are"
        ) from error
    if not root.strip("/"):
        raise StoreError("SONGWRIGHT_ARTIFACTS_URL must name a folder or a bucket of its own, got the root of all")
    local = "file" in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol)
    return Place(fs, root.rstrip("/"), local, _shown(url))


def _shown(url: str) -> str:
    """Return a URL without user and password."""
    scheme, divider, rest = url.partition("://")
    server, slash, path = rest.partition("/")
    return f"{scheme}{divider}{server.rpartition('@')[2]}{slash}{path}"
