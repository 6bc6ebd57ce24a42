"""The terminal: the members' and hosts' commands without Discord. One file per command, imported when it is called."""
