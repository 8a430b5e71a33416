"""How is this run going? Logs to what it took so far, and what it will take."""
