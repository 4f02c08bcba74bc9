"""What goes wrong on SageMaker, and what is left of it: the record, the message, and nothing that is billed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from botocore.model import OperationModel

from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets.domain.errors import CorruptArtefact, PermanentError, TransientError
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws.endpoint.site import CANARY, NAME, NEW, OLD, SHADOW, Site
from leadscore_assets_tests.serving.processes import until

INSTANCES = 2
HASTY = ResourcesPolicy(bake_seconds=0)
LASTING = {"leadscore-5xx", "leadscore-latency"}


@pytest.fixture(params=["RollingBack", "Updating"])
def rolling(site: Site, request: pytest.FixtureRequest) -> Site:
    """Whatever a way back is called while it lasts: AWS's documents name both."""
    site.world.rollback_name = request.param
    return site


def assert_old_serves(site: Site, record: dict[str, Any]) -> None:
    """All is as it was before: the record but for its number, what serves, what is billed, what lies around."""
    status = site.make().status()
    assert (status.running, status.generation, status.variants, status.error) == (True, 1, (OLD,), None)
    assert {**site.record(), "issued": 1} == record
    assert site.world.running() == INSTANCES
    assert len(site.world.configurations) == 1
    assert len(site.world.models) == 1
    assert site.alarms() == LASTING


def test_a_silent_return_is_found_and_the_record_is_as_before(rolling: Site) -> None:
    endpoint = rolling.make()
    endpoint.deploy([OLD])
    before = rolling.record()
    rolling.world.surprise = "silent"
    with pytest.raises(PermanentError, match=r"went back to leadscore-g1-\w+ and does not serve leadscore-g2-.*error"):
        endpoint.deploy([NEW])
    assert_old_serves(rolling, before)
    assert endpoint.deploy([NEW]).generation == 3


@pytest.mark.parametrize("fault", ["errors", "slow"])
def test_an_alarm_while_the_new_fleet_bakes_brings_the_old_one_back(rolling: Site, fault: str) -> None:
    endpoint, world = rolling.make(), rolling.world
    endpoint.deploy([OLD])
    before = rolling.record()
    if fault == "errors":
        world.containers.failing["-v2-"] = 500  # type: ignore[union-attr]
    else:
        world.containers.microseconds["-v2-"] = 2e6  # type: ignore[union-attr]
    world.traffic = lambda: traffic(rolling, 20)
    told = {"errors": "model-errors fired", "slow": "latency fired"}[fault]
    with pytest.raises(PermanentError, match=f"went back.*Alarms in ALARM state.*alarm leadscore-g2-.*{told}"):
        endpoint.deploy([NEW])
    assert_old_serves(rolling, before)


def traffic(site: Site, count: int) -> None:
    """Requests within the emulator, as it looks at a deployment."""
    from leadscore_assets_tests.aws.emulated_invocations import invoke

    for _ in range(count):
        invoke(site.world, NAME, b"{}", {"content-type": "application/json"})


def test_faults_of_the_old_fleet_keep_nobody_from_leaving_it(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    site.world.containers.failing["-v1-"] = 500  # type: ignore[union-attr]
    site.world.traffic = lambda: traffic(site, 20)
    assert endpoint.deploy([NEW]).variants == (NEW,)


def test_a_model_that_fails_its_ping_never_gets_traffic(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    before = site.record()
    site.world.containers.sick.add("-v2-")  # type: ignore[union-attr]
    with pytest.raises(PermanentError, match="did not pass the ping health check"):
        endpoint.deploy([NEW])
    assert_old_serves(site, before)
    with pytest.raises(PermanentError, match="did not pass the ping health check"):
        endpoint.deploy([OLD], shadow=SHADOW)
    assert "ActivatingTraffic" not in site.world.told


@pytest.mark.parametrize("fault", ["sick", "failed"])
def test_a_first_model_that_does_not_come_up_leaves_nothing_running(site: Site, fault: str) -> None:
    endpoint = site.make()
    if fault == "sick":
        site.world.containers.sick.add("-v1-")  # type: ignore[union-attr]
    else:
        site.world.surprise = "failed"
    with pytest.raises(PermanentError, match=r"could not be created.*nothing is left running: The primary container"):
        endpoint.deploy([OLD])
    assert (site.world.running(), site.world.endpoints, site.world.configurations) == (0, {}, {})
    assert site.world.models == {}
    status = endpoint.status()
    assert (status.running, status.generation, status.variants) == (False, 0, ())
    site.world.containers.sick.clear()  # type: ignore[union-attr]
    assert endpoint.deploy([OLD]).generation == 2


def test_a_failed_endpoint_is_told_and_made_anew(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    found = site.world.endpoints[NAME]
    found.status, found.reason = "Failed", "the zone is gone"
    status = endpoint.status()
    assert (status.running, status.error) == (False, "the endpoint is Failed: the zone is gone")
    assert endpoint.deploy([OLD]).running
    assert site.world.running() == INSTANCES


def test_a_mix_of_configurations_is_told_and_mended_by_the_next_deployment(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    site.world.surprise = "mixed"
    with pytest.raises(PermanentError, match=r"serves a mix of leadscore-g1-\w+ and leadscore-g2-.*release look"):
        endpoint.deploy([NEW])
    status = endpoint.status()
    assert (status.running, status.variants) == (True, ())
    assert "mixed" in str(status.error)
    mended = endpoint.deploy([OLD])
    assert (mended.generation, mended.variants, mended.error) == (3, (OLD,), None)
    assert site.world.running() == INSTANCES


def test_no_capacity_is_told_with_its_remedy_and_the_record_is_as_before(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    before = site.record()
    site.world.faults.append(("update_endpoint", "ResourceLimitExceeded"))
    with pytest.raises(AwsRefused, match="higher quota"):
        endpoint.deploy([NEW])
    assert_old_serves(site, before)


@pytest.mark.parametrize("operation", ["create_model", "describe_endpoint", "create_endpoint_config"])
def test_throttling_costs_a_try_and_no_more(site: Site, operation: str) -> None:
    site.world.faults += [(operation, "ThrottlingException")] * 3
    with suppress(TransientError):
        site.make().deploy([OLD])
    assert site.make().deploy([OLD]).variants == (OLD,)
    assert site.world.running() == INSTANCES


def test_what_was_just_made_is_asked_for_again_when_it_is_not_found_yet(site: Site) -> None:
    site.world.forgetful = 3
    endpoint = site.make()
    assert endpoint.deploy([OLD]).running
    site.world.forgetful = 3
    assert endpoint.deploy([NEW]).variants == (NEW,)


def test_a_wait_that_is_given_up_undoes_nothing_and_the_next_call_ends_it(site: Site) -> None:
    site.make().deploy([OLD])
    with pytest.raises(TransientError, match="did not end within"):
        site.make(patience=Patience(interval=0.001, deadline=0.0)).deploy([NEW])
    status = site.make().status()
    assert (status.running, status.generation, status.variants) == (True, 1, (OLD,))
    assert "under way" in str(status.error)
    ended = site.make().deploy([NEW])
    assert (ended.generation, ended.variants, ended.error) == (2, (NEW,), None)
    assert len(site.world.configurations) == 2
    assert site.alarms() == LASTING


def test_a_deployment_whose_caller_is_gone_is_confirmed_by_the_next_counting(site: Site) -> None:
    site.make().deploy([OLD])
    with pytest.raises(TransientError):
        site.make(patience=Patience(interval=0.001, deadline=0.0)).deploy([NEW])
    until(lambda: not site.make().status().error)
    assert site.make().status().generation == 2
    assert site.make().counts().configuration == "2"
    assert site.record()["last_good"]["number"] == 2
    assert site.alarms() == LASTING


def test_of_two_deployments_at_once_one_learns_that_it_came_second(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    site.world.traffic = lambda: overtaken(site)
    with pytest.raises(TransientError, match="another deployment took the place of generation 2"):
        endpoint.deploy([NEW])
    assert site.record()["issued"] == 3


def overtaken(site: Site) -> None:
    """Another process writes down what it wants, while this one waits."""
    from leadscore_assets.backends.aws.endpoint_record import EndpointRecords, Generation

    records = EndpointRecords(site.store, NAME)
    kept = records.read()
    if kept.record.issued == 2:
        records.write(kept, kept.record.asking(Generation(3, "leadscore-g3-00000000", (OLD,))))


def test_a_record_that_was_written_meanwhile_is_not_written_over(site: Site) -> None:
    from leadscore_assets.backends.aws.endpoint_record import EndpointRecords, Generation

    records = EndpointRecords(site.store, NAME)
    first, second = records.read(), records.read()
    records.write(first, first.record.asking(Generation(1, "a", (OLD,))))
    with pytest.raises(TransientError, match="another deployment to leadscore is under way"):
        records.write(second, second.record.asking(Generation(1, "b", (NEW,))))


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"issued": 1, "wanted": {"number": 1}}'])
def test_a_record_that_cannot_be_read_is_told_with_its_remedy(site: Site, content: bytes) -> None:
    site.store.put(f"endpoint/{NAME}/desired.json", content)
    with pytest.raises(CorruptArtefact, match="keeps versions"):
        site.make().status()


class _Killed(BaseException):
    """The process ends."""


_WRITES = re.compile(r"Put|Create|Update|Delete|Register|Deregister")


@contextmanager
def killed(site: Site, after: int) -> Iterator[list[str]]:
    """End the caller before its `after`-th request that changes something; say before which that was, if it was."""
    left, died = after, []

    def count(model: OperationModel, **_: Any) -> None:
        nonlocal left
        left -= bool(_WRITES.match(model.name))
        if left <= 0:
            died.append(model.name)
            raise _Killed

    names = [f"before-call.{name}" for name in ("s3", "sagemaker", "monitoring", "application-autoscaling")]
    clients = [site.account.client(name) for name in ("s3", "sagemaker", "cloudwatch", "application-autoscaling")]
    for name, client in zip(names, clients, strict=True):
        client.meta.events.register_last(name, count)
    with suppress(_Killed):
        yield died
    for name, client in zip(names, clients, strict=True):
        client.meta.events.unregister(name, count)


STEPS: list[tuple[list[tuple[Variant, ...]], tuple[Variant, ...], Variant | None]] = [
    ([], (OLD,), None),
    ([(OLD,)], (OLD,), SHADOW),
    ([CANARY], (NEW,), None),
    ([(OLD,), (NEW,)], (OLD,), None),
]


@pytest.mark.parametrize("step", STEPS, ids=["first", "shadow", "cutover", "way back"])
def test_a_caller_killed_between_any_two_changes_and_run_again_converges(
    site: Site, step: tuple[list[tuple[Variant, ...]], tuple[Variant, ...], Variant | None]
) -> None:
    before, variants, shadow = step
    # Every change of a first deployment, every second one of the others: a deployment's calls are alike.
    for after in range(1, 100, 2 if before else 1):
        site.emulator.reset()
        site.prepare()
        for earlier in before:
            site.make(resources=HASTY).deploy(earlier)
        with killed(site, after) as died:
            site.make(resources=HASTY).deploy(variants, shadow=shadow)
        found = site.make(resources=HASTY).deploy(variants, shadow=shadow)
        told = (found.running, found.generation, found.variants, found.shadow)
        assert told == (True, len(before) + 1, variants, shadow)
        assert site.world.running() == INSTANCES * (len(variants) + (shadow is not None))
        assert len(site.world.configurations) <= 2
        assert site.alarms() == LASTING
        if not died:
            assert after > 5
            return
    raise AssertionError("a deployment makes a hundred changes")
