"""Ballots: secret votes with threshold trustees, proved on chain, audited by anyone."""
