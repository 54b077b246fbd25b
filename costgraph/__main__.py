"""`python -m costgraph`."""

from costgraph.cli import main

main()
