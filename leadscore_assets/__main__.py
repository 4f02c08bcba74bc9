"""`python -m leadscore_assets`: the command line."""

from leadscore_assets.cli import main

main()
