"""Each lever alone: measured without it and with it, on the function where it matters, by CPU only."""

from dataclasses import replace

from bench.cold_start.contestants import Cast
from bench.cold_start.places import Places
from bench.cold_start.starts import Contestant


def levers(cast: Cast, places: Places) -> dict[str, tuple[Contestant, Contestant]]:
    """Each lever's name, with the contestant without it and the one with it."""
    status, process, sweeper = cast.ours("status"), cast.ours("process"), cast.ours("sweeper")
    path = (places.peers, *status.path[:2], places.built / "ProcessFunction", places.usual, places.runtime)

    def by(lever: str) -> Contestant:
        return replace(status, handler=f"lever.{lever}.handler", path=path)

    whole_store = replace(sweeper, handler="lever.whole_store.handler", path=(places.peers, *sweeper.path))
    return {
        "byte code in the artifact (status)": (cast.ours("status", tree=places.plain), status),
        "byte code in the artifact (process)": (cast.ours("process", tree=places.plain), process),
        "no Tracer (status)": (by("tracer"), status),
        "no pydantic, no HTTP client (status)": (by("eager"), status),
        "garbage looked for less often (status)": (by("collecting"), status),
        "a part of the store alone (sweeper)": (whole_store, sweeper),
        "no awscrt beside boto3 (status)": (replace(status, path=(*status.path, places.crt)), status),
        "botocore's data of two services alone (status)": (status, cast.ours("status", runtime=places.pruned_runtime)),
    }
