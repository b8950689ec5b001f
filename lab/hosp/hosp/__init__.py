"""A stand-in for HOSP, the API that fails: its surface, its faults, and a ledger of what really happened."""
