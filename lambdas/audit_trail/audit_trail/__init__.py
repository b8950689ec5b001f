"""The function behind `/audit`: who did what, as a page and as CSV."""
