"""What a role's process takes for itself at its start."""

from __future__ import annotations

import resource
import subprocess
import sys

ASK = """
import resource
from anlan.roles.process import begin
begin("intake")
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_a_role_opens_as_many_files_as_it_may_though_the_shell_gave_it_few() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == most
