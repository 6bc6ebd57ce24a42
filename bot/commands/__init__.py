"""What members can do, one module per kind of command. They ask the backend and answer; looks are made elsewhere."""
