"""``python -m llmcost``."""

from llmcost.cli.entry import main

if __name__ == "__main__":
    main()
