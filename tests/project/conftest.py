import os
import shutil
from collections.abc import Iterator

import pytest

from tests.project.checkout import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    copy = Checkout(tmp_path_factory.mktemp("checkout"))
    # The first start may say that it installs something.
    copy.run("manage", "version")
    yield copy
    copy.close()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    return {
        "executable_path": os.environ.get("CHROMIUM") or shutil.which("chromium"),
        "args": ["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
    }
