"""[source] and [allowed]: each kind with its own keys, no secret in them, and nothing read that they do not name."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.lead_sources import chosen_source
from leadscore_assets.resources import open_sample, open_source
from leadscore_assets.settings import Settings, load_settings
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.home import FIRST, WEEKS, Home, leads, refused, write_csv


def settings_of(folder: Path, text: str) -> Settings:
    (folder / "leadscore.toml").write_text(text)
    return load_settings(folder)


@pytest.mark.parametrize(
    "text",
    [
        'kind = "files"\npath = "data"\nformat = "csv"',
        'kind = "s3"\nuri = "s3://acme-leads/crm/"\nregion = "eu-central-1"',
        'kind = "s3"\nuri = "s3://acme-leads"',
        'kind = "delta"\npath = "/data/leads"\nversion = 3',
        'kind = "delta"\nuri = "s3://acme-leads/table"\nas_of = 2026-01-05T00:00:00Z',
        'kind = "sql"\nurl = "postgresql://ada@db.acme.org:5432/crm"\nquery = "select 1"\nbatch_rows = 500',
        'kind = "sql"\nurl = "sqlite:////data/leads.db"\nquery_file = "leads.sql"',
        'kind = "generator"\nseed = 1',
    ],
)
def test_every_kind_has_its_keys(tmp_path: Path, text: str) -> None:
    assert settings_of(tmp_path, f"[source]\n{text}\n").values.source.kind in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "sql"\npath = "data"', "path does not belong to kind 'sql', whose keys are url, query.*remove it"),
        ('kind = "generator"\npath = "data"', "or set kind to 'files' or 'delta'"),
        ('kind = "files"\npath = "data"\nversion = 1', "version does not belong to kind 'files'"),
        ('kind = "files"', "kind 'files' needs path"),
        ('kind = "s3"', "kind 's3' needs uri"),
        ('kind = "delta"', "kind 'delta' needs path or uri"),
        ('kind = "delta"\npath = "a"\nuri = "s3://bucket/a"', "needs path or uri, not both"),
        ('kind = "delta"\npath = "a"\nversion = 1\nas_of = 2026-01-05T00:00:00', "version and as_of both name"),
        ('kind = "sql"\nurl = "sqlite:///x"', "kind 'sql' needs query or query_file"),
        ('kind = "s3"\nuri = "https://acme/leads"', "source.uri = 'https://acme/leads'"),
        ('kind = "s3"\nuri = "s3://key:secret@acme/leads"', "source.uri"),
        ('kind = "s3"\nuri = "s3://acme/*.csv"', "source.uri"),
        ('kind = "s3"\nuri = "s3://acme-leads/"\nregion = "here"', "source.region = 'here'"),
        ('kind = "sql"\nquery = "select 1"\nurl = "x"\nbatch_rows = 0', "source.batch_rows = 0"),
    ],
)
def test_a_key_that_does_not_fit_is_told_with_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        settings_of(tmp_path, f"[source]\n{text}\n")


@pytest.mark.parametrize("section", ["source", "ledger"])
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hunter2@db/crm",
        "postgresql+psycopg://ada:hunter2/x@db/crm",
        "postgresql://ada@db/crm?password=hunter2",
        "postgresql://ada@db/crm?sslmode=require&PASSWORD=hunter2",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_shown(tmp_path: Path, section: str, url: str) -> None:
    kind = 'kind = "sql"\nquery = "select 1"\n' if section == "source" else ""
    with pytest.raises(InvalidInput, match="a password stands in the URL; leave it out") as error:
        settings_of(tmp_path, f'[{section}]\n{kind}url = "{url}"\n')
    assert "hunter2" not in str(error.value)


def test_a_moment_without_a_zone_is_utc(tmp_path: Path) -> None:
    found = settings_of(tmp_path, '[source]\nkind = "delta"\npath = "a"\nas_of = 2026-01-05T09:30:00\n')
    assert found.values.source.as_of == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "query", "said"),
    [
        ("https://acme.org/leads.csv", None, "https:// is not read; name a path, s3://"),
        ("simplecache::s3://b/x", None, "is not read"),
        ("postgresql://db/crm", None, "a database needs a query beside postgresql://, which 'leadscore init' takes"),
        ("leads.csv", "select 1", "--query belongs to a database's URL"),
        ("s3://acme-leads/x", "select 1", "--query belongs to a database's URL"),
        ("delta://relative/table", None, "names no folder; write delta:///folder"),
        ("postgresql://ada:hunter2@db/crm", "select 1", "a password stands in the URL"),
        ("s3://acme/*.csv", None, "cannot be read: uri String should match pattern"),
    ],
)
def test_a_place_that_cannot_be_read_is_refused_at_once(data: str, query: str | None, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as error:
        chosen_source(data, query=query, region=None)
    assert "hunter2" not in str(error.value)


def test_places_are_read_from_how_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "table" / "_delta_log").mkdir(parents=True)
    (tmp_path / "table" / "_delta_log" / "0.json").touch()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    def found(data: str, query: str | None = None, region: str | None = None) -> dict[str, object]:
        source = chosen_source(data, query=query, region=region)
        return {name: getattr(source, name) for name in source.model_fields_set}

    assert found(f"{tmp_path}/a.csv") == {"kind": "files", "path": f"{tmp_path}/a.csv"}
    assert found(f"file://{tmp_path}/a.csv") == {"kind": "files", "path": f"{tmp_path}/a.csv"}
    assert found(f"{tmp_path}/table") == {"kind": "delta", "path": f"{tmp_path}/table"}
    assert found("delta:///data/leads") == {"kind": "delta", "path": "/data/leads"}
    assert found("s3://acme/x/") == {"kind": "s3", "uri": "s3://acme/x/", "region": "eu-west-1"}
    there = {"kind": "delta", "uri": "s3://acme/x", "region": "us-east-2"}
    assert found("delta+s3://acme/x", region="us-east-2") == there
    assert found("postgresql://db/crm", "select 1")["query"] == "select 1"
    assert found("postgresql://db/crm", "leads.sql")["query_file"] == f"{Path.cwd()}/leads.sql"


def test_without_any_region_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(InvalidInput, match="no AWS region is known; name it with --region"):
        chosen_source("s3://acme/x/", query=None, region=None)


def test_the_account_of_the_aws_section_is_the_sources_too(
    home: Home, bucket: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
    home.set("kind = ", 'kind = "s3"')
    home.set("path = ", f'uri = "s3://{BUCKET}/own/"')
    path = home.path / "leadscore.toml"
    section = f'region = "us-east-1"\nbucket = "{BUCKET}"\nendpoint_url = "{bucket.endpoint_url}"'
    path.write_text(f'{path.read_text()}\n[aws]\n{section}\nrole = "arn:aws:iam::123456789012:role/x"\n')
    for week in WEEKS[:2]:
        body = write_csv(home.path / "x.csv", leads(week)).read_bytes()
        bucket.call("s3", "put_object", Bucket=BUCKET, Key=f"own/{week}.csv", Body=body)
    assert list(open_source(load_settings(home.path)).weeks()) == list(WEEKS[:2])


def test_a_link_that_leads_out_of_the_source_is_refused_until_its_folder_is_allowed(home: Home, tmp_path: Path) -> None:
    secret = write_csv(tmp_path / "elsewhere" / "secret.csv", leads(FIRST))
    (home.data / "linked.csv").symlink_to(secret)
    told = home.cli("ingest", code=1)
    refused(
        told, "linked.csv leads to", "elsewhere/secret.csv, which lies outside of", "add its folder to [allowed] roots"
    )
    path = home.path / "leadscore.toml"
    path.write_text(path.read_text() + f'\n[allowed]\nroots = ["{tmp_path}/elsewhere"]\n')
    assert len(open_source(load_settings(home.path)).weeks()) == 7


def test_a_source_whose_own_path_is_a_link_is_read(home: Home, tmp_path: Path) -> None:
    home.data.rename(tmp_path / "2026")
    home.data.symlink_to(tmp_path / "2026")
    assert len(open_source(load_settings(home.path)).weeks()) == 7


def test_a_person_may_name_any_file_unless_the_settings_name_roots(home: Home, tmp_path: Path) -> None:
    file = str(write_csv(tmp_path / "mine" / "new.csv", leads(FIRST)))
    assert open_sample(file, load_settings(home.path)).num_rows
    path = home.path / "leadscore.toml"
    path.write_text(path.read_text() + '\n[allowed]\nroots = ["inbox"]\n')
    settings = load_settings(home.path)
    with pytest.raises(InvalidInput, match=r"mine/new\.csv lies outside of .*home/data, .*home/inbox; copy it there"):
        open_sample(file, settings)
    assert open_sample(str(home.data), settings).num_rows
    write_csv(home.path / "inbox" / "new.csv", leads(FIRST))
    assert open_sample(str(home.path / "inbox"), settings).num_rows


@pytest.mark.parametrize("data", ["s3://other-bucket/leads/", "delta+s3://other-bucket/leads"])
def test_a_bucket_that_the_settings_do_not_name_is_refused(home: Home, data: str) -> None:
    with pytest.raises(InvalidInput, match="bucket other-bucket is not among the home's own: no bucket may be read"):
        open_sample(data, load_settings(home.path))


def test_a_bucket_that_the_settings_allow_is_asked(home: Home, aws_chain: Account) -> None:
    path = home.path / "leadscore.toml"
    path.write_text(path.read_text() + f'\n[allowed]\nbuckets = ["{BUCKET}"]\n')
    body = write_csv(home.path / "x.csv", leads(FIRST)).read_bytes()
    aws_chain.call("s3", "put_object", Bucket=BUCKET, Key="inbox/new.csv", Body=body)
    assert open_sample(f"s3://{BUCKET}/inbox/new.csv", load_settings(home.path)).num_rows == 210


def test_a_query_file_that_is_not_there_is_told(home: Home) -> None:
    home.set("kind = ", 'kind = "sql"\nurl = "sqlite:///leads.db"\nquery_file = "leads.sql"')
    home.set("path = ", "")
    refused(home.cli("ingest", code=1), "leads.sql cannot be read", "correct [source] query_file")


def test_query_and_region_without_data_are_refused(tmp_path: Path) -> None:
    told = Home(tmp_path / "home").cli("init", "--query", "select 1", code=1)
    refused(told, "--query says how --data is read, and there is no --data")


@pytest.mark.parametrize(
    ("data", "library", "extra"),
    [("s3://acme-leads/x/", "boto3", "aws"), ("postgresql://db/crm", "psycopg", "postgres")],
)
def test_a_library_that_is_not_installed_is_told_with_its_extra(
    home: Home, monkeypatch: pytest.MonkeyPatch, data: str, library: str, extra: str
) -> None:
    # None among the modules is how Python itself remembers that there is no such module.
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    query = ["--query", "select 1"] if extra == "postgres" else []
    told = Home(home.path / "other").cli("init", "--data", data, *query, code=1)
    refused(told, f"pip install leadscore-assets[{extra}]")


def test_a_place_that_score_cannot_read_is_one_message(home: Home) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: uri String should match pattern"):
        open_sample("s3://acme/*.csv", load_settings(home.path))
    with pytest.raises(InvalidInput, match="other commands read files, S3 and Delta tables"):
        open_sample("postgresql://db/crm", load_settings(home.path))
