"""A long run at a steady pace: does anything grow?"""
