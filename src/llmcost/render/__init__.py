"""Tables to text and files, one module per format."""
