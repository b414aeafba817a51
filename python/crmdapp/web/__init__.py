"""The server: an HTTP API for enterprises and pages for people, over one client and one index.

It holds no customer's key. Importing this package loads no web framework;
:func:`crmdapp.web.app.create_app` does, and needs the ``web`` extra.
"""
