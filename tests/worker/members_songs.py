"""Members who ask for songs and have them made by the echo. Knows nothing of what is tested with them."""

from __future__ import annotations

from pathlib import Path

from engine.contract import Request, SongRequest
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import EchoSong
from worker.client import Client
from worker.settings import Settings
from worker.store.database import Store
from worker.store.deliveries import Delivery, NewDelivery
from worker.store.songs import Song
from worker.tasks import run_next_job

ANN, BOB, HARBOUR, APPLICATION = "81000000000000001", "81000000000000002", "71000000000000001", "61000000000000001"
PLENTY = 1000


def settings_of(store: Store) -> Settings:
    return Settings(database_url=store.engine.url.render_as_string(hide_password=False), models_dir=Path())


def client_of(store: Store, clock: WoundClock) -> Client:
    return Client(settings_of(store), store=store, clock=clock, sleep=lambda _seconds: None)


def place(member: str = ANN, server: str | None = HARBOUR, **more: object) -> NewDelivery:
    """Return where a member asks; more: any field of NewDelivery."""
    values = {"application_id": APPLICATION, "layout": "song", "member": member, "server": server} | more
    return NewDelivery(**values)  # type: ignore[arg-type]  # as the caller says


def ask(
    client: Client, *requests: Request, member: str = ANN, server: str | None = HARBOUR, **more: object
) -> Delivery:
    """Let a member ask, without a limit; a song about rain where nothing is said."""
    new = place(member, server, **more)
    delivery, _ids = client.submit_for(requests or [SongRequest(theme="rain")], new, per_day=PLENTY, waiting=PLENTY)
    return delivery


def run_all(store: Store, clock: WoundClock) -> None:
    """Run what waits."""
    while run_next_job(store, EchoSong(), settings_of(store), clock=clock):
        pass


def made(
    client: Client, clock: WoundClock, request: Request | None = None, *, member: str = ANN, **more: object
) -> Song:
    """Return a song that a member asked for and that is done."""
    delivery = ask(client, request or SongRequest(theme="rain"), member=member, **more)  # type: ignore[arg-type]
    run_all(client.store, clock)
    return client.song(delivery.job_ids[0])
