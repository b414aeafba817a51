"""Figures about customers who agreed to them, and how many are left out of each.

:mod:`~crmdapp.customers.analytics.rfm` scores recency, frequency and value,
:mod:`~crmdapp.customers.analytics.breakage` forecasts which points will never be spent,
:mod:`~crmdapp.customers.analytics.cohorts` shows who came back, and
:mod:`~crmdapp.customers.analytics.uplift` what a campaign changed. They are plain computations;
:mod:`~crmdapp.customers.analytics.program` reads a program's history from the index for them.
Groups of fewer than :data:`~crmdapp.customers.analytics.groups.MINIMUM` customers are not shown.
"""
