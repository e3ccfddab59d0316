"""What the settings name, tried for real: one file a service, each bounded in time, all at once."""
