"""Request/reply, measured side by side: our bus, the stock one, and its peers."""
