"""What the hotel's services promise each other."""
