"""Webhooks: merchants are told what happens on the chain to what is theirs.

:mod:`~crmdapp.web.webhooks.owners` says whose an event is, :mod:`~crmdapp.web.webhooks.outbox`
takes events from the index into messages, :mod:`~crmdapp.web.webhooks.delivery` sends them.
"""
