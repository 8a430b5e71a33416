"""One module per question a user can ask."""
