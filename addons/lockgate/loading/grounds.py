"""Where a document may have files read from: everywhere, or only from some folders, for one that nobody vouches for."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Grounds:
    """Folders that a document may name files of. No link leads out of them, and none within them is followed."""

    folders: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()
    """Files that are not read, wherever they are: settings, which hold secrets."""
    open: tuple[Path, ...] = ()
    """Files that are read, wherever they are: the settings name them."""

    def refusal(self, file: str | Path) -> str:
        """Why a file is not read; "" where it may be. Of one that may not, nothing is told: not even whether it is there.

        Args:
            file: A path, absolute or relative to the working directory.
        """
        path = Path(file)
        if ".." in path.parts or "\0" in str(file):
            return "expected a path without '..'"
        wanted = Path(os.path.abspath(path))  # noqa: PTH100 - as written: links are looked at below
        real = os.path.realpath(wanted)
        if any(real == os.path.realpath(one) or _same(real, one) for one in self.closed):
            return _OUTSIDE
        if any(real == os.path.realpath(one) for one in self.open):
            return ""
        for folder in self.folders:
            root = Path(os.path.abspath(folder))  # noqa: PTH100
            if wanted.is_relative_to(root) and real == str(Path(os.path.realpath(root)) / wanted.relative_to(root)):
                return ""
        return _OUTSIDE


_OUTSIDE = "it is not within the folders of definitions, templates and middleware, or a link leads there"


def _same(real: str, other: Path) -> bool:
    """Whether both are one file, by another name of it."""
    try:
        return Path(real).samefile(other)
    except OSError:
        return False
