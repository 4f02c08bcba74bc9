"""The release's story in the server's folder: written whole by the host, read by the server, which can do without."""

from contextlib import suppress

import msgspec

from leadscore_assets.domain.release_story import Story
from leadscore_assets.serving.folder import StateFolder


def write_story(folder: StateFolder, story: Story) -> None:
    """Replace the story, all or nothing; raise PermanentError when it cannot be written."""
    folder.prepare()
    folder.replace(folder.story_file, msgspec.json.encode(story))


def read_story(folder: StateFolder) -> Story | None:
    """Return the story; None where there is none or it cannot be read."""
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(folder.story_file.read_bytes(), type=Story)
    return None
