"""What the person on call needs: readiness, health, outages, logs."""
