"""The assets, in the order data flows: thin definitions that call one step each and report what it found."""
