"""The peers beside us, how to start their workers, and what their documentation says of a lost worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import distributions

from bench.recovery.plan import KILLS
from bench.recovery.servers import Servers
from local.emulator import PROJECT

VENV = PROJECT / ".venv-bench"
_JOBS = "bench.recovery.jobs"


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer, or another way to kill or configure one. Its workers do one job at a time.

    `documented` is its promise for a lost worker, and `source` where it stands. `child_only` kills the process of the
    job and leaves its parent alive. Such a variant is reported but not ranked, because it is another fault.
    """

    name: str
    package: str
    module: str
    worker: tuple[str, ...]
    broker: Callable[[Servers], str]
    documented: str
    source: str
    environment: Mapping[str, str] = field(default_factory=dict)
    child_only: bool = False
    kills: int = KILLS

    @property
    def label(self) -> str:
        return self.name if self.child_only else f"{self.name} {version(self.package)}"

    def command(self, worker: str) -> list[str]:
        """Return the command of one worker, of that name."""
        program, *arguments = self.worker
        return [str(VENV / "bin" / program), *(argument.format(worker=worker) for argument in arguments)]


def version(package: str) -> str:
    """Return the installed version. Raises FileNotFoundError when the peers are not installed."""
    for directory in VENV.glob("lib/python3*/site-packages"):
        for found in distributions(name=package, path=[str(directory)]):
            return found.version
    raise FileNotFoundError(f"{VENV.name} has no {package}: run `make {VENV.name}/.installed` first")


_CELERY = ("celery", "-A", f"{_JOBS}.celery_job", "worker", "--concurrency", "1", "--hostname", "{worker}@%h")

PEERS = (
    Peer(
        "Celery",
        "celery",
        "celery_job",
        _CELERY,
        lambda servers: servers.redis_url(0),
        "1 h: visibility_timeout",
        "Celery, Using Redis: Visibility timeout",
    ),
    Peer(
        "Dramatiq",
        "dramatiq",
        "dramatiq_job",
        ("dramatiq", f"{_JOBS}.dramatiq_job", "--processes", "1", "--threads", "1"),
        lambda servers: servers.redis_url(1),
        "60 s, then with 1 command in 1,000: heartbeat_timeout, maintenance_chance",
        "Dramatiq, API Reference: RedisBroker",
        # Two by default: a busy worker would hold a second message, and the kill would hit that job before it begins.
        {"dramatiq_queue_prefetch": "1"},
    ),
    Peer(
        "arq",
        "arq",
        "arq_job",
        ("arq", f"{_JOBS}.arq_job.WorkerSettings"),
        lambda servers: servers.redis_url(2),
        "310 s: job_timeout and 10 s",
        "arq, Worker: job_timeout; worker.py: in_progress_timeout_s",
    ),
    Peer(
        "huey",
        "huey",
        "huey_job",
        ("huey_consumer", f"{_JOBS}.huey_job.huey"),
        lambda servers: servers.redis_url(3),
        "never: a task interrupted by SIGKILL is lost",
        "huey, Deploying to Production: Shutdown Signals",
    ),
    Peer(
        "Procrastinate",
        "procrastinate",
        "procrastinate_job",
        ("procrastinate", f"--app={_JOBS}.procrastinate_job.app", "worker"),
        lambda servers: servers.postgres_url,
        "never, without a periodic task of one's own; in its example every 10 min",
        "Procrastinate, Retry stalled jobs",
    ),
    Peer(
        "Celery, only its child killed",
        "celery",
        "celery_job",
        _CELERY,
        lambda servers: servers.redis_url(4),
        "never: acknowledged, and failed with WorkerLostError",
        "Celery, Configuration: task_reject_on_worker_lost",
        child_only=True,
        kills=5,
    ),
    Peer(
        "the same, task_reject_on_worker_lost",
        "celery",
        "celery_job",
        _CELERY,
        lambda servers: servers.redis_url(5),
        "at once: given back to the queue",
        "Celery, Configuration: task_reject_on_worker_lost",
        {"RECOVERY_REJECT_ON_WORKER_LOST": "1"},
        child_only=True,
        kills=5,
    ),
)
