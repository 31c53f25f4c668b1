"""The folder that a local stack keeps its data in."""

import os
import stat
from pathlib import Path

import pytest
from quantum_client.local.data_folder import MAX_SOCKET_BYTES, fits, is_private, open_data_folder
from quantum_client.local.errors import LocalStackError


@pytest.mark.parametrize(("bytes_long", "expected"), [(MAX_SOCKET_BYTES, True), (MAX_SOCKET_BYTES + 1, False)])
def test_a_sockets_path_has_a_bound(bytes_long: int, *, expected: bool) -> None:
    """A path of as many bytes as a socket's address holds fits, and one more does not."""
    assert fits(Path("/" + "x" * (bytes_long - 1))) is expected


def test_the_bound_is_on_bytes_not_letters() -> None:
    """A letter outside ASCII takes more than one byte of the address."""
    assert not fits(Path("/" + "ü" * (MAX_SOCKET_BYTES - 1)))


def test_a_new_folder_is_private_and_holds_the_socket(tmp_path: Path) -> None:
    """A folder that was not there is made for this user alone, and the socket lies in it."""
    short = _short(tmp_path)
    with open_data_folder(short / "new" / "data") as folder:
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        assert folder.socket.parent == folder.path


def test_a_folder_that_others_may_enter_does_not_hold_the_socket(tmp_path: Path) -> None:
    """The socket's folder is private even where the data folder is not, whose mode is left as it was."""
    tmp_path.chmod(0o755)
    with open_data_folder(tmp_path) as folder:
        assert folder.socket.parent != tmp_path
        assert is_private(folder.socket.parent)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    """Where the data folder's path is too long for a socket, the socket lies in a private folder that is gone later."""
    with open_data_folder(tmp_path / ("d" * 120)) as folder:
        assert fits(folder.socket)
        assert is_private(folder.socket.parent)
    assert not folder.socket.parent.exists()


def test_a_long_temporary_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the temporary folder's path is too long, the socket lies below /tmp."""
    long = tmp_path / ("t" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with open_data_folder(long / "data") as folder:
        assert fits(folder.socket)


def test_a_folder_is_one_stacks_at_a_time(tmp_path: Path) -> None:
    """A folder that is in use is refused with its user's process id, and can be used once it is let go."""
    with open_data_folder(tmp_path), pytest.raises(LocalStackError, match=rf"in use .*pid {os.getpid()}"):  # noqa: SIM117
        with open_data_folder(tmp_path):
            pass
    with open_data_folder(tmp_path):
        pass


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    """A path that cannot be a folder is refused in one line."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(LocalStackError, match=r"cannot use .*file as data folder"), open_data_folder(file):
        pass


def _short(tmp_path: Path) -> Path:
    """A link to the test's folder, if that one's own path is too long to hold a socket: it is not, in most places."""
    assert len(os.fsencode(tmp_path)) < MAX_SOCKET_BYTES - 30, "run pytest with a shorter --basetemp"
    return tmp_path
