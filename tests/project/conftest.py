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
