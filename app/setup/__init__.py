"""What `datafeed setup` asks for, and the file that it writes."""
