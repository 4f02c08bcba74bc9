"""A year in minutes: 52 generated weeks with planted events, lived by the product itself under a held clock."""
