"""Alembic's steps from one form of the tables to the next. Knows nothing of the code that uses them."""
