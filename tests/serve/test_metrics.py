"""What a server counts of its answers."""

from prometheus_client.parser import text_string_to_metric_families

from codehost.serve.access.answers import Area
from codehost.serve.git.events import Served
from codehost.serve.git.progress import Ending
from codehost.serve.metrics import ServeMetrics
from codehost.serve.names import Action


def served() -> ServeMetrics:
    """A clone without a process, one by git that was hung up on, what is no repository, and a page under way."""
    metrics = ServeMetrics()
    for action, way, sent, ending in (
        (Action.UPLOAD, "pack", 700, None),
        (Action.UPLOAD, "git", 20, Ending.GONE),
        (None, "none", 3, None),
    ):
        metrics.begun()
        metrics.git(
            Served(
                action=action,
                repository=None,
                version=2,
                status=200,
                way=way,
                seconds=1.0,
                received=0,
                sent=sent,
                ending=ending,
            )
        )
        metrics.ended(Area.GIT, 404 if action is None else 200, 0.01)
    metrics.begun()
    return metrics


def test_what_was_served() -> None:
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(served().render().decode())
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }
    assert samples.pop(("codehost_http_request_seconds_sum", "git")) > 0
    assert samples == {
        ("codehost_http_request_seconds_count", "git"): 3,
        ("codehost_http_requests_total", "git", "200"): 2,
        ("codehost_http_requests_total", "git", "404"): 1,
        ("codehost_http_requests_under_way",): 1,
        ("codehost_git_requests_total", "git-upload-pack", "none", "pack"): 1,
        ("codehost_git_requests_total", "git-upload-pack", "gone", "git"): 1,
        ("codehost_git_requests_total", "none", "none", "none"): 1,
        ("codehost_git_sent_bytes_total", "pack"): 700,
        ("codehost_git_sent_bytes_total", "git"): 20,
        ("codehost_git_sent_bytes_total", "none"): 3,
    }
