"""The vault: sealed data, and the keys that open it, each where it belongs.

Three places, and what a thief of each one gets:

- The *store* (:mod:`~crmdapp.store.database`, SQLite or PostgreSQL) holds sealed fields and public
  keys: nothing to read.
- The *operator's key file* (:mod:`~crmdapp.store.keys`) holds wraps, salts, links between
  pseudonyms, the company's own keys and those of profiles it keeps in custody: with the store, what
  customers have agreed to show to this company, and nothing more.
- The *customer's key file* (:mod:`~crmdapp.store.device`), which the company never sees, opens all
  of the customer's data and alone makes wraps for others.
"""
