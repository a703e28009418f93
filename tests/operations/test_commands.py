"""What `manage.py` loads for its commands, and leaves to the server that `serve` becomes."""

import json

import pytest

from tests.support.servers.harness import apart

SET_UP = """
import json, os, sys
name, wanted = "EVENTLET_NO_GREENDNS", {wanted!r}
os.environ.pop(name, None)
if wanted is not None:
    os.environ[name] = wanted
os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
from chatsite.operations import commands
commands.set_up()
loaded = [name for name in ("eventlet.green.socket", "eventlet.support.greendns") if name in sys.modules]
print(json.dumps([loaded, os.environ.get(name)]))
"""


@pytest.mark.realtime
@pytest.mark.parametrize("wanted", [None, "no"])
def test_a_command_loads_no_resolver_and_the_server_may(wanted, monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    loaded, left = json.loads(apart(SET_UP.format(wanted=wanted)))
    assert loaded == ["eventlet.green.socket"]
    assert left == wanted
