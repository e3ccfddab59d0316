"""The page at `/status`: how the service is, for operators, with the last hour as plots."""
