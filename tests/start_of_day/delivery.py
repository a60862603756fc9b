"""A small broker for the tests: an engine with reference data, and deliveries of files that can be bent."""

from pathlib import Path

from oms import Engine
from oms.start_of_day.figures import scaled, shown
from oms.start_of_day.plan import Settings, prepare
from oms.start_of_day.run import carry_out

AS_OF = "2026-11-20"  # a Friday
TOTALLED = {"cash": ("booked", 4), "holdings": ("settled", 0), "open_orders": ("order_qty", 0)}

FILES = {
    "accounts.csv": """\
account,class,currency,name
A1,retail,AUD,
A2,retail,AUD,"Smith, ""Ann"" Jo"
A3,retail,JPY,
""",
    "instruments.csv": """\
symbol,exchange,currency,price_exponent,tick,reference_price
BHP,XASX,AUD,2,0.01,45.50
TM,XTKS,JPY,0,1,3000
""",
    "cash.csv": """\
account,currency,booked
A1,AUD,1000.5
A2,AUD,20000.00
A3,JPY,500000
A3,AUD,-12.3456
""",
    "holdings.csv": """\
account,instrument,settled,average_price
A1,BHP,100,44.12345678
A3,TM.XTKS,300,
""",
}


def new_engine(**options) -> Engine:
    engine = Engine(**options)
    if len(engine.rows("currency")) > 1:
        return engine
    for made in (
        engine.define_currency("AUD", 4),
        engine.define_currency("JPY", 0),
        engine.define_exchange("XASX"),
        engine.define_exchange("XTKS"),
        engine.define_class("retail", break_tolerance="1"),
        engine.define_user("ops1", ("operate",)),
    ):
        assert made.ok
    return engine


def control(kind, body, **declared):
    """The control line that fits a file's rows, apart from what is declared otherwise."""
    lines = body.splitlines()
    header, rows = lines[0].split(","), lines[1:]
    fields = {"kind": kind, "as_of": AS_OF, "source": "", "rows": len(rows)}
    if kind in TOTALLED:
        column, exponent = TOTALLED[kind]
        at = header.index(column)
        fields["total"] = shown(sum(scaled(row.split(",")[at], exponent) for row in rows), exponent)
    if kind == "open_orders":
        fields["complete"] = "yes"
    fields |= declared
    return "#" + ",".join(f"{key}={value}" for key, value in fields.items()) + "\n"


def deliver(folder: Path, changes=None, **declared) -> Path:
    """Write the files; changes: file name → other content, None = not delivered. declared: for all control lines."""
    folder.mkdir(exist_ok=True)
    for name, body in (FILES | (changes or {})).items():
        path = folder / name
        if body is None:
            path.unlink(missing_ok=True)
            continue
        kind = name.removesuffix(".csv").partition("-")[0]
        source = {"source": name.removesuffix(".csv").upper()}
        head = "" if body.startswith("#") else control(kind, body, **(source | declared))
        path.write_text(head + body, newline="")
    return folder


def check(folder: Path, engine: Engine, **settings):
    return prepare(folder, engine.arrays(), Settings(**settings))


def load(folder: Path, engine: Engine, **settings):
    plan = check(folder, engine, **settings)
    carry_out(plan, engine.apply_batch, engine.arrays)
    return plan.report


def reasons(report):
    return [(entry.reason, entry.account, entry.currency or entry.instrument) for entry in report.breaks]
