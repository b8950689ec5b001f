"""The function behind the queue: each screening's result becomes one note of its patient, exactly once."""
