"""An account as the templates make it, to be looked at."""

import json
from dataclasses import replace
from typing import Any

from moto.sns.models import sns_backends

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.checkup import check_account
from leadscore_assets.backends.aws.checkup_wanted import Finding, Wanted
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws.conftest import REGION
from leadscore_assets_tests.aws.stacks import site
from leadscore_assets_tests.aws.strict import strict_session

OWNER = "123456789012"
BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})


class Site:
    """An account as the templates make it, looked at as the role that they make."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.made = site(account)
        self.asked: list[str] = []
        # What moto's CloudFormation leaves out of a bucket.
        bucket, closed = {"Bucket": self.made["Bucket"]}, dict.fromkeys(BLOCKS, True)
        account.call("s3", "put_bucket_versioning", **bucket, VersioningConfiguration={"Status": "Enabled"})
        account.call("s3", "put_public_access_block", **bucket, PublicAccessBlockConfiguration=closed)
        # moto never counts who listens.
        sns_backends[OWNER][REGION].topics[self.made["Topic"]].subscriptions_confimed = 1
        account.call("ecr", "put_image", repositoryName="leadscore-serving", imageManifest=_MANIFEST, imageTag="1")
        self.regular = self.visitor()
        self.wanted = Wanted(
            bucket=self.made["Bucket"],
            prefix="leadscore",
            owner=OWNER,
            role=self.made["ExecutionRole"],
            serving_image=f"{self.made['ServingRepository']}:1",
            topic=self.made["Topic"],
            endpoint="leadscore",
            group="leadscore",
            resources=ResourcesPolicy(),
            shadow=False,
        )

    def visitor(self) -> Account:
        """Return the account in the name of RunRole."""
        role = {"RoleArn": self.made["RunRole"], "RoleSessionName": "test"}
        given = self.account.call("sts", "assume_role", **role)["Credentials"]
        session = strict_session(REGION)
        session._session.set_credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        session.events.register("before-call.*.*", lambda model, **_: self.asked.append(model.name))
        return Account(region=REGION, endpoint_url=self.account.endpoint_url, session=session, attempts=1)

    def look(self, **changes: Any) -> dict[str, Finding]:
        return {item.check: item for item in check_account(self.regular, replace(self.wanted, **changes))}
