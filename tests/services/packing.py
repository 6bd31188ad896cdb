"""Archives as people make them, and as nobody should."""

import io
import tarfile
import warnings
import zipfile
from collections.abc import Iterable, Mapping

Content = Mapping[str, bytes]


def zipped(content: Content, *, method: int = zipfile.ZIP_DEFLATED, mode: int = 0o644) -> bytes:
    """A zip of these files; a name with a slash at its end is a folder."""
    return zipped_members(content.items(), method=method, mode=mode)


def zipped_members(
    members: Iterable[tuple[str, bytes]],
    *,
    method: int = zipfile.ZIP_DEFLATED,
    mode: int = 0o644,
) -> bytes:
    """A zip of any files, also of two with one name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate name", UserWarning)
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = method, mode << 16
            archive.writestr(info, data)
    return out.getvalue()


def taped(content: Content, mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of these files; `mode` as `tarfile.open` takes it."""
    return taped_members([(member(name, len(data)), data) for name, data in content.items()],
                         mode, form)  # fmt: skip


def member(
    name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, **facts: str
) -> tarfile.TarInfo:
    """What a tar says of a member."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mode = size, kind, 0o644
    info.linkname, info.pax_headers = facts.pop("linkname", ""), facts
    return info


def taped_members(
    members: Iterable[tuple[tarfile.TarInfo, bytes]],
    mode: str = "w",
    form: int = tarfile.PAX_FORMAT,
) -> bytes:
    """A tar of any members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()
