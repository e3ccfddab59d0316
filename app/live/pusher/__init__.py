"""Pusher Channels: its WebSocket protocol and its HTTP API, spoken by this service itself."""
