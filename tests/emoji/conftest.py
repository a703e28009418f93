"""Uploads go to a folder of the test, and no name is known in the next one."""

from contextlib import contextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from emoji import names, services
from files.uploading import processing
from tests.files.containers import animated, picture


@pytest.fixture(scope="session", autouse=True)
def ended():
    yield
    processing.decoder.end()


@pytest.fixture(autouse=True)
def fresh(settings, tmp_path):
    settings.MEDIA_ROOT, settings.FILES_FREE_MB = tmp_path / "uploads", 0
    yield
    names.forget()


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """`with committed():` does at its end what waits for the commit."""

    @contextmanager
    def committed():
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return committed


@pytest.fixture
def administrator(make_person):
    user = make_person("boss")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


@pytest.fixture
def lathe(administrator, committed):
    """An animated emoji that everybody knows."""
    with committed():
        return services.add(administrator, "lathe", upload(animated("GIF")))


def upload(data=None, name="x.png"):
    return SimpleUploadedFile(name, picture() if data is None else data)
