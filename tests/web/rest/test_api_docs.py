"""The API's description: made once, sent again only where it changed, and for members alone where the site says so."""

import json

import pytest
import yaml

from chatsite.web.rest import api_docs

pytestmark = pytest.mark.django_db


@pytest.fixture
def generated(monkeypatch):
    """How often a description is generated."""
    calls = []
    generate = api_docs.SchemaGenerator.get_schema

    def counting(self, **options):
        calls.append(options)
        return generate(self, **options)

    monkeypatch.setattr(api_docs.SchemaGenerator, "get_schema", counting)
    api_docs.schema.cache_clear()
    api_docs.schema_document.cache_clear()
    return calls


def test_it_is_generated_once_whatever_is_asked_for(client, generated):
    for query in (
        "",
        "?lang=de",
        "?lang=fr",
        "?version=7",
        "?format=yaml",
        "?format=json",
        "?format=json&lang=x",
    ):
        assert client.get(f"/schema{query}").status_code == 200
    for kind in ("application/json", "application/yaml", "application/vnd.oai.openapi+json; indent=8"):
        assert client.get("/schema", headers={"accept": kind}).status_code == 200
    assert len(generated) == 1


def test_its_forms_say_the_same(client):
    written, spoken = client.get("/schema"), client.get("/schema?format=json")
    assert yaml.safe_load(written.content) == json.loads(spoken.content)
    assert "/message" in json.loads(spoken.content)["paths"]
    assert written["Content-Type"] == "application/vnd.oai.openapi"
    assert client.get("/schema", headers={"accept": "application/json"})["Content-Type"] == "application/json"
    assert "Accept" in written["Vary"]
    assert client.get("/schema", headers={"accept": "image/png"}).status_code == 406


@pytest.mark.parametrize("path", ["/schema", "/schema?format=json", "/docs"])
def test_who_has_it_is_sent_nothing(client, path):
    first = client.get(path)
    again = client.get(path, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200
    assert client.head(path)["ETag"] == first["ETag"]


def test_the_page_costs_nobody_a_query(client, django_assert_num_queries):
    client.get("/docs")
    with django_assert_num_queries(0):
        page = client.get("/docs")
        client.get("/schema")
    assert '<script src="?script="></script>' in page.text


def test_its_script_has_the_readers_own_token(client):
    script = client.get("/docs?script=")
    assert script["Content-Type"] == "application/javascript"
    assert 'url: "/schema"' in script.text
    assert api_docs.CSRF_PLACEHOLDER not in script.text
    assert script["Cache-Control"] == "no-store"


def test_members_only(client, client_of, api, owner, settings):
    settings.API_DOCS = "members"
    answer = client.get("/schema?format=json")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    for path in ("/docs", "/docs?script="):
        assert client.get(path)["Location"] == "/login?next=/docs"
    assert api(owner).get("/schema").status_code == 200
    browser = client_of(owner)
    assert browser.get("/schema").status_code == browser.get("/docs").status_code == 200
