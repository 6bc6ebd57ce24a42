"""What breaks first as members grow: what each part has to carry per request, and the most that it can.

Arithmetic on paper, nothing is simulated. Knows nothing of machines but how many members one serves.
"""

from __future__ import annotations

from dataclasses import dataclass

from worker.capacity.load import Load

MILLION = 1_000_000


@dataclass(frozen=True)
class World:
    """Figures of the parts around the workers; each with its origin behind it."""

    members_per_server: float = 100.0  # assumed: who has used it, per Discord server
    servers_per_shard: float = 2_500.0  # Discord's documentation: a connection may carry no more
    discord_per_second: float = 50.0  # Discord's documentation: requests of one bot, without answers to interactions
    outside_interactions: float = 0.1  # assumed: share of requests by mention or reply
    messages_per_request: float = 4.0  # one answer, two edits while it is written, one result
    bot_commands_per_second: float = 55.0  # measured: 200 commands delivered within 3.6 s (README), one process
    song_megabytes: float = 1.9  # measured: a song of usual length; 1.65 of it sound
    writes_per_request: float = 14.0  # counted: 6 fixed, and progress five times a second for 1.6 s
    sqlite_writes_per_second: float = 300.0  # assumed: one disk, each commit synced
    postgres_writes_per_second: float = 5_000.0  # assumed: one server with a good disk
    rings_per_second: float = 10_000.0  # assumed: Redis or RabbitMQ, one message a request
    uplink_megabytes_per_second: float = 100.0  # assumed: 1 Gbit/s for the bot's uploads to Discord
    database_terabytes: float = 2.0  # assumed: what one wants to back up in a night


@dataclass(frozen=True)
class Part:
    """carries: how many members one of it carries. basis: where that comes from. at_a_million: what 10^6 need of it."""

    name: str
    carries: float
    basis: str
    at_a_million: str
    then: str


def parts(load: Load, world: World, served_by_one: int, machine_name: str) -> tuple[Part, ...]:
    """Return the parts in the order in which they break as members grow."""
    peak = load.peak_per_second(MILLION)
    per_day = MILLION * load.requests_per_day
    stored = per_day * world.song_megabytes * 1e6 * load.mix.get("song", 1.0)
    outside = peak * world.outside_interactions * world.messages_per_request
    writes, upload = peak * world.writes_per_request, peak * world.song_megabytes
    machines = MILLION / max(served_by_one, 1)
    found = (
        Part(
            f"workers ({machine_name})",
            served_by_one,
            "simulated",
            f"{machines:,.0f} machines",
            "start more workers, on machines of any kind; members are served in turns across all of them",
        ),
        Part(
            "SQLite: writes",
            MILLION * world.sqlite_writes_per_second / writes,
            "assumed: 300 synced commits/s",
            f"{writes:,.0f} writes/s at the peak",
            "PostgreSQL: set SONGWRIGHT_DATABASE_URL (as soon as there is a second machine)",
        ),
        Part(
            "database size: 90 days of files in it",
            MILLION * world.database_terabytes * 1e12 / (90 * stored),
            "measured 1.9 MB a song; 2 TB assumed to be enough",
            f"{stored / 1e9:,.0f} GB/day",
            "files in a bucket (SONGWRIGHT_ARTIFACTS_URL, songwright db move-files); or sound left out",
        ),
        Part(
            "Discord: servers of one connection",
            world.servers_per_shard * world.members_per_server,
            "Discord's documentation; 100 members a server assumed",
            f"{MILLION / world.members_per_server / world.servers_per_shard:,.0f} shards",
            "shards: not built in yet; discord.py's AutoShardedClient in one process carries about 100",
        ),
        Part(
            "bot process: commands",
            MILLION * world.bot_commands_per_second / peak,
            "measured: 200 commands in 3.6 s",
            f"{peak:,.1f} requests/s at the peak",
            "a bot process for each few shards; deliveries are rows that any of them can take",
        ),
        Part(
            "Discord: requests of one bot",
            MILLION * world.discord_per_second / outside,
            "Discord's documentation; a tenth of requests in conversation assumed",
            f"{outside:,.1f} requests/s besides answers to commands",
            "fewer edits while a song is written; Discord raises the limit for large bots on request",
        ),
        Part(
            "PostgreSQL: writes",
            MILLION * world.postgres_writes_per_second / writes,
            "assumed: 5,000 commits/s",
            f"{writes:,.0f} writes/s at the peak",
            "progress once a second instead of five times, then into Redis; then a database per group of shards",
        ),
        Part(
            "bot: upload to Discord",
            MILLION * world.uplink_megabytes_per_second / upload,
            "assumed: 1 Gbit/s",
            f"{upload:,.0f} MB/s at the peak",
            "sound on demand only; bot processes on several machines",
        ),
        Part(
            "broker: rings",
            MILLION * world.rings_per_second / peak,
            "assumed: 10,000 messages/s",
            f"{peak:,.1f} messages/s at the peak",
            "nothing: a lost ring costs seconds, and workers look for themselves",
        ),
    )
    return tuple(sorted(found, key=lambda part: part.carries))
