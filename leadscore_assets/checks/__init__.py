"""The checks, named as claims; those that must stop what follows are blocking."""
