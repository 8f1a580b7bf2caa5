"""What services tell of themselves: the shop window, and facts for the audit."""
