import pytest

from leadscore_assets_tests.aws.endpoints import CANARY, NEW, OLD, PREVIOUS, SHADOW, Site


def test_first(site: Site) -> None:
    e = site.make()
    s = e.deploy([OLD], salt="s")
    print(s, site.world.running(), site.alarms())
    s = e.deploy([OLD], shadow=SHADOW, salt="t"); print(s)
    print(site.ask(3))
    s = e.deploy(CANARY); print(s, site.world.configurations.keys(), site.world.models.keys())
    print(site.ask(10))
    s = e.deploy([NEW, PREVIOUS]); print(s, site.world.configurations.keys(), site.world.models.keys())
    print(site.world.told, site.alarms())
    s = e.deploy([OLD]); print(s, site.world.configurations.keys(), site.world.models.keys())
    print(e.counts())
    print(e.stop(), site.world.running()); print(e.start())
