"""What one server process counts of its answers. The names are listed in docs/metrics.md and stay as they are."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from codehost.serve.access.answers import Area
from codehost.serve.git.events import Served

# Long polls last a minute, clones of large releases longer.
_SECONDS = (0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 60, 300)
_NONE = "none"


class ServeMetrics:
    """Counts what it is told of."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "codehost_http_request_seconds",
            "How long requests took, whatever their answer.",
            ["area"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._answers = Counter(
            "codehost_http_requests", "Requests answered over HTTP.", ["area", "status"], registry=self._registry
        )
        self._under_way = Gauge(
            "codehost_http_requests_under_way", "Requests that are being answered.", registry=self._registry
        )
        self._git = Counter(
            "codehost_git_requests",
            "Requests for repositories: what git asked for, and the way it was answered.",
            ["action", "way", "ending"],
            registry=self._registry,
        )
        self._git_sent = Counter(
            "codehost_git_sent_bytes", "Bytes of answers to git.", ["way"], registry=self._registry
        )

    def begun(self) -> None:
        """A request is being answered."""
        self._under_way.inc()

    def ended(self, area: Area, status: int, seconds: float) -> None:
        """A request was answered, or could not be."""
        self._under_way.dec()
        self._seconds.labels(area.value).observe(seconds)
        self._answers.labels(area.value, str(status)).inc()

    def git(self, served: Served) -> None:
        """A request for a repository has ended."""
        action = _NONE if served.action is None else served.action.value
        self._git.labels(action, served.way, _NONE if served.ending is None else served.ending.value).inc()
        self._git_sent.labels(served.way).inc(served.sent)

    def render(self) -> bytes:
        """The text for Prometheus."""
        return generate_latest(self._registry)
