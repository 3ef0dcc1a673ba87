"""Procrastinate on PostgreSQL."""

from procrastinate import App, PsycopgConnector

from bench.recovery.jobs.work import BROKER, work

app = App(connector=PsycopgConnector(conninfo=BROKER))
run = app.task(name="run")(work)


def submit(jobs: list[str]) -> None:
    with app.open():
        app.schema_manager.apply_schema()
        for job in jobs:
            run.defer(job=job)
