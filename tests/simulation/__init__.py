"""One seed is one day: the real engine, journal and adapter contract in a world that loses, repeats and kills.

    clock.py      virtual time, chance, the trace, the marks of what was reached
    wire.py       the line between a peer and the OMS, with sessions as on the bus, and its faults
    process.py    the OMS as one process: engine, journal, recovery; `oms._core.loop` in Python, without sockets
    storage.py    what a crash leaves of the journal's last write
    exchange.py   an exchange that knows the truth, and everything that it has told
    restating.py  its orders and trades through splits, as it restates them
    gateway.py    an adapter: `oms.adapters.contract` over the wire, with a disk of its own
    people.py     clients, desks and the firm's operator
    bank.py       cash and stock as bank and registry would have them, from what the exchanges did
    issuers.py    splits, consolidations and bonus issues, planned by seed
    night.py      the night between two days, in which they come into force
    checks.py     what must hold at any time, and what must hold when everything is quiet
    day.py        a seed made into a day: its people, its faults, its order of events

`python -m tests.simulation SEED --trace` plays one seed and tells everything that happens in it.
"""
