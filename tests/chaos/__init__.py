"""Real processes under a seeded nemesis; a checker holds what customers were told."""
