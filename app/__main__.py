"""`python -m app` is the command `datafeed`."""

from app.cli import main

main()
