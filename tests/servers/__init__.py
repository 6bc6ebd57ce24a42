"""Real servers for tests and benches: PostgreSQL, Redis and RabbitMQ, found or started, and a proxy to cut them off.

Knows nothing of what is tested with them. `fixtures` is a pytest plugin; `sharing.server` serves programs.
"""
