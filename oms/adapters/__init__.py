"""Adapters: what stands between the OMS and the exchanges, each a process of its own on the public contract."""
