"""Settings: what the environment says, and how databases and the bus are reached."""
