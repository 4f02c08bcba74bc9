"""The image that training jobs run in: AWS's own XGBoost image, whose registry differs from region to region."""

from leadscore_assets.domain.errors import InvalidInput, Missing

FRAMEWORK, VERSION = "xgboost", "3.2-0"
_OVERRIDE = "name the image in [aws] training_image of leadscore.toml"


def training_image(region: str) -> str:
    """Return the address of SageMaker's XGBoost 3.2 image in a region, from the SageMaker SDK's own table.

    Raise Missing where the SDK is not installed, InvalidInput where it knows no such image.
    """
    try:
        from sagemaker.core import image_uris  # type: ignore[import-untyped]
    except ImportError as error:
        raise Missing(
            f"the table of SageMaker's images is not installed ({error}); install leadscore-assets[aws], or {_OVERRIDE}"
        ) from None
    try:
        return str(image_uris.retrieve(FRAMEWORK, region, version=VERSION))
    except ValueError as error:
        told = str(error).partition(". ")[0]
        raise InvalidInput(
            f"the SageMaker SDK knows no {FRAMEWORK} {VERSION} image for {region} ({told}); {_OVERRIDE}"
        ) from None
