"""AWS's errors in the product's words: what a retry may mend, what it cannot, and what to do about it."""

from typing import Any

from leadscore_assets.domain.errors import LeadscoreError, PermanentError, TransientError

_PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "ModelNotReadyException",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
_CREDENTIALS = "renew them (aws sso login, or a new key) and try again"
_REMEDIES = {
    "AccessDenied": "give this identity the action; deploy/aws lists every role's actions",
    "AccessDeniedException": "give this identity the action; deploy/aws lists every role's actions",
    "ExpiredToken": f"the credentials have expired: {_CREDENTIALS}",
    "ExpiredTokenException": f"the credentials have expired: {_CREDENTIALS}",
    "RequestExpired": f"the credentials have expired, or this machine's clock is wrong: {_CREDENTIALS}",
    "InvalidClientTokenId": f"the credentials are not known to AWS: {_CREDENTIALS}",
    "UnrecognizedClientException": f"the credentials are not known to AWS: {_CREDENTIALS}",
    "SignatureDoesNotMatch": f"the secret key does not fit its id: {_CREDENTIALS}",
    "NoSuchBucket": "name a bucket that exists in [aws] bucket, or create it with deploy/aws",
    "ResourceLimitExceeded": "ask for a higher quota, or choose another instance in [resources] of policy.toml",
}


class AwsError(LeadscoreError):
    """What AWS answered: `code` is its own name for it, as in ResourceInUse."""

    code: str


class AwsRefused(PermanentError, AwsError):
    """AWS refused a call, and refuses it again until something changes."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class AwsUnavailable(TransientError, AwsError):
    """AWS could not be reached, or was too busy, after every retry."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def translated(error: Exception, *, service: str, operation: str, region: str) -> LeadscoreError:
    """Return botocore's error as the product's own; messages never hold a credential."""
    call = f"{service}.{operation} in {region}"
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    if not answer:
        return _before_an_answer(error, call)
    code = str(answer.get("Error", {}).get("Code", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    told = str(answer.get("Error", {}).get("Message", "")) or "no reason was given"
    if code in _PASSING or status >= 500 or status == 429:
        return AwsUnavailable(f"{call} failed ({code or status}): {told}; try again in a few minutes", code=code)
    remedy = _REMEDIES.get(code)
    return AwsRefused(f"{call} was refused ({code}): {told}" + (f"; {remedy}" if remedy else ""), code=code)


def _before_an_answer(error: Exception, call: str) -> LeadscoreError:
    """Translate what went wrong on this side: no credentials, a request that is none, a lost connection."""
    from botocore import exceptions as botocore

    name = type(error).__name__
    if isinstance(error, botocore.NoCredentialsError | botocore.PartialCredentialsError | botocore.ProfileNotFound):
        return AwsRefused(f"{call}: {error}; set up credentials (aws configure, a role, or [aws] profile)", code=name)
    if isinstance(error, botocore.CredentialRetrievalError | botocore.TokenRetrievalError | botocore.SSOError):
        return AwsRefused(f"{call}: {error}; {_CREDENTIALS}", code=name)
    if isinstance(error, botocore.HTTPClientError | botocore.ConnectionError | botocore.IncompleteReadError):
        return AwsUnavailable(f"{call} was not reached: {error}; look at the network and try again", code=name)
    return AwsRefused(f"{call} could not be made: {error}", code=name)
