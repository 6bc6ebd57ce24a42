"""How the bot's connection to Discord is. Knows nothing of who asks."""

from __future__ import annotations

import discord


def shard_latencies(client: discord.Client) -> dict[int, float]:
    """Return the latency of every shard, seconds; nan or inf where it is not known."""
    if isinstance(client, discord.AutoShardedClient):
        return dict(client.latencies)
    return {client.shard_id or 0: client.latency}


def is_connected(client: discord.Client) -> bool:
    """Return whether the client has heard all that it needs from Discord, and its connection is open."""
    if not client.is_ready() or client.is_closed():
        return False
    if isinstance(client, discord.AutoShardedClient):
        return not any(shard.is_closed() for shard in client.shards.values())
    return client.ws is not None and client.ws.open
