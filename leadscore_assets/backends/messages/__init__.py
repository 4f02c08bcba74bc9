"""Messages to people: an address as apprise writes it, and the two ways to it, by mail and by everything else."""
