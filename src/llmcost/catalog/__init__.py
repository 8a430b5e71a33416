"""Facts: read, checked and looked up."""
