"""What the bot measures, for Prometheus: commands, deliveries and its connection to Discord.

Needs prometheus-client: imported only where metrics are served. No label holds a member, a server, a song or a text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import discord
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.gateway import is_connected, shard_latencies
from bot.observer import Outcome

ANSWER_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5)  # seconds; Discord takes none after 3
BROUGHT_BUCKETS = (1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 900, 3600)


class BotMetrics:
    """Counts commands and deliveries: the bot's observer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._commands = Counter(
            "songwright_commands",
            "Commands, presses and forms, by how they went: ok, refused, away, late, bug",
            ["command", "outcome"],
            registry=registry,
        )
        self._first_answers = Histogram(
            "songwright_first_answer_seconds",
            "From the arrival of a command, press or form to its first answer",
            buckets=ANSWER_BUCKETS,
            registry=registry,
        )
        self._deliveries = Counter(
            "songwright_deliveries", "Results brought, by rung of the ladder", ["rung"], registry=registry
        )
        self._brought = Histogram(
            "songwright_delivery_seconds",
            "From asking to the result in Discord",
            buckets=BROUGHT_BUCKETS,
            registry=registry,
        )
        self._retries = Counter(
            "songwright_delivery_retries",
            "Attempts to bring a result that failed and are made again",
            registry=registry,
        )

    def answered(self, command: str, outcome: Outcome, first_answer_seconds: float) -> None:
        """Count a command and the time to its first answer."""
        self._commands.labels(command, outcome).inc()
        self._first_answers.observe(first_answer_seconds)

    def brought(self, rung: str, seconds: float) -> None:
        """Count a result and the time that it took."""
        self._deliveries.labels(rung).inc()
        self._brought.observe(max(0.0, seconds))

    def not_brought(self) -> None:
        """Count an attempt."""
        self._retries.inc()


class GatewayCollector(Collector):
    """The bot's connection to Discord, looked at for every scrape."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def collect(self) -> Iterable[Metric]:
        """Return latency, readiness and servers; no latency of a shard that has not had its heartbeat answered."""
        shards = shard_latencies(self._client)
        latency = GaugeMetricFamily(
            "songwright_gateway_latency_seconds", "From a heartbeat to Discord's answer", labels=["shard"]
        )
        for shard, seconds in shards.items():
            if math.isfinite(seconds):
                latency.add_metric([str(shard)], seconds)
        yield latency
        ready = float(is_connected(self._client))
        yield GaugeMetricFamily("songwright_gateway_ready", "1 if the bot hears Discord", value=ready)
        yield GaugeMetricFamily("songwright_gateway_shards", "Shards of this process", value=len(shards))
        yield GaugeMetricFamily("songwright_servers", "Servers that the bot is in", value=len(self._client.guilds))
