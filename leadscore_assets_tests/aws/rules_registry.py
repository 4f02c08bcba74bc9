"""What AWS documents of packages and notices, and its service model does not say."""

import unicodedata
from typing import Any

from leadscore_assets_tests.aws.strict import rule


@rule("CreateModelPackage")
def a_package_has_a_name_or_a_group(request: dict[str, Any]) -> str | None:
    named = [name for name in ("ModelPackageName", "ModelPackageGroupName") if request.get(name)]
    return None if len(named) == 1 else "a package has either a name or a group"


@rule("CreateModelPackage")
def a_versioned_package_has_its_groups_tags(request: dict[str, Any]) -> str | None:
    both = request.get("ModelPackageGroupName") and request.get("Tags")
    return "a versioned package takes no tags of its own" if both else None


@rule("CreateModelPackage")
def a_container_names_one_place_of_its_model(request: dict[str, Any]) -> str | None:
    for item in request.get("InferenceSpecification", {}).get("Containers", []):
        if item.get("ModelDataUrl") and item.get("ModelDataSource"):
            return "a container has ModelDataUrl or ModelDataSource"
    return None


@rule("CreateModelPackage", "UpdateModelPackage")
def metadata_holds_letters_digits_and_few_signs(request: dict[str, Any]) -> str | None:
    for name, text in (request.get("CustomerMetadataProperties") or {}).items():
        wrong = [item for item in name + text if item not in "_.:/=+-@" and unicodedata.category(item)[0] not in "LZN"]
        if wrong:
            return f"CustomerMetadataProperties.{name} holds {wrong[0]!r}"
    return None


@rule("UpdateModelPackage")
def metadata_is_not_set_and_removed_at_once(request: dict[str, Any]) -> str | None:
    gone = set(request.get("CustomerMetadataPropertiesToRemove") or ()) & set(
        request.get("CustomerMetadataProperties") or ()
    )
    return f"{', '.join(sorted(gone))} is set and removed at once" if gone else None


@rule("Publish")
def a_subject_is_one_line_of_ascii(request: dict[str, Any]) -> str | None:
    subject = request.get("Subject")
    if subject is None:
        return None
    right = subject.isascii() and subject.isprintable() and 0 < len(subject) < 100 and not subject[0].isspace()
    return None if right else "a subject is ASCII text below 100 characters without line breaks or control characters"


@rule("Publish")
def a_fifo_topic_needs_a_group(request: dict[str, Any]) -> str | None:
    fifo = request.get("TopicArn", "").endswith(".fifo")
    return "a FIFO topic needs MessageGroupId" if fifo and not request.get("MessageGroupId") else None


@rule("Publish")
def an_attribute_is_not_empty(request: dict[str, Any]) -> str | None:
    empty = [name for name, item in (request.get("MessageAttributes") or {}).items() if item.get("StringValue") == ""]
    return f"attribute {empty[0]} is empty" if empty else None
