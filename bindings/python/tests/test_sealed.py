import os
import subprocess
import sys
from pathlib import Path

import pytest

import example
from sendas import Policy, Snapshot, SnapshotError

KEY = bytes(range(16))


def sealed() -> bytes:
    return Snapshot.compile(Policy.from_toml(example.POLICY), hash_key=KEY).seal()


def test_what_was_sealed_is_the_snapshot(tmp_path: Path) -> None:
    octets = sealed()
    path = tmp_path / "policy.sendas"
    path.write_bytes(octets)
    for opened in (Snapshot.open(octets), Snapshot.open(path), Snapshot.open(str(path))):
        opened.verify()
        assert opened.id == example.SNAPSHOT.id
        assert opened.tenants() == example.SNAPSHOT.tenants()
        assert opened.size < len(octets)
        assert opened.seal() == octets


def test_a_change_of_an_opened_snapshot_seals_as_if_compiled_so() -> None:
    changed = Policy.from_toml(example.POLICY + '\n[[tenant]]\nid = "added"\n')
    followed = Snapshot.open(sealed()).replace_tenant("added", changed)
    assert followed.seal() == followed.compact().seal() == Snapshot.compile(changed, hash_key=KEY).seal()


def test_a_delta_leads_from_one_to_the_other() -> None:
    old = Snapshot.open(sealed())
    new = old.replace_tenant("added", Policy.from_toml('schema = 1\n[[tenant]]\nid = "added"\n'))
    delta = old.delta(new)
    assert len(delta) < len(new.seal())
    assert old.apply_delta(delta).seal() == new.seal()
    with pytest.raises(SnapshotError, match="the delta is for snapshot"):
        new.apply_delta(delta)
    with pytest.raises(SnapshotError, match="different hash keys"):
        old.delta(example.SNAPSHOT)


def test_what_is_no_sound_snapshot_is_refused(tmp_path: Path) -> None:
    octets = sealed()
    newer = octets[:8] + (200).to_bytes(4, "little") + octets[12:]
    for wrong, message in [
        (b"", "not a sealed snapshot"),
        (example.POLICY.encode(), "not a sealed snapshot"),
        (octets[:-1], "cut short"),
        (octets + b"0", "stand behind"),
        (newer, "version 200"),
        (octets[:100] + b"!" + octets[101:], "damaged"),
    ]:
        with pytest.raises(SnapshotError, match=message):
            Snapshot.open(wrong)
    with pytest.raises(FileNotFoundError) as raised:
        Snapshot.open(tmp_path / "none.sendas")
    assert raised.value.filename == tmp_path / "none.sendas"
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        Snapshot.open(str(tmp_path))
    with pytest.raises(TypeError):
        Snapshot.open(1)  # type: ignore[arg-type]


def test_a_damaged_block_is_found() -> None:
    octets = bytearray(sealed())
    octets[-20] ^= 1
    with pytest.raises(SnapshotError, match="damaged"):
        Snapshot.open(bytes(octets)).verify()


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs /proc")
def test_processes_share_the_memory_of_one_file(tmp_path: Path) -> None:
    tenants = "".join(
        f'\n[[tenant]]\nid = "t{number}"\n[[tenant.account]]\nid = "a{number}"\n' + account_lines(number) for number in range(400)
    )
    path = tmp_path / "policy.sendas"
    path.write_bytes(Snapshot.compile(Policy.from_toml("schema = 1\n" + tenants)).seal())
    children = [
        subprocess.Popen([sys.executable, "-c", SHARING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        for child in children:
            assert child.stdout is not None and child.stdout.readline() == b"open\n"
        size = path.stat().st_size
        for child in children:
            resident, proportional, private = resident_of(child.pid, path)
            assert resident >= size
            # Two processes have it: each is charged with half of it, and has none of it alone.
            assert proportional <= resident // 2 + os.sysconf("SC_PAGE_SIZE")
            assert private == 0
    finally:
        for child in children:
            child.communicate(b"")


def account_lines(number: int) -> str:
    return "".join(f'[[tenant.account.identity]]\naddress = "i{at}@t{number}.example"\nconsent = "given"\n' for at in range(10))


SHARING = """
import sys
from sendas import Snapshot
snapshot = Snapshot.open(sys.argv[1])
snapshot.verify()
print("open", flush=True)
sys.stdin.read()
"""


def resident_of(process: int, path: Path) -> tuple[int, int, int]:
    """What a process has of a mapped file in memory: all of it, its share of it, and what no other process has; in octets."""
    sums = [0, 0, 0]
    ours = False
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        name, _, value = line.partition(":")
        if " " in name:
            ours = line.endswith(str(path))
        elif ours:
            for at, wanted in enumerate([("Rss",), ("Pss",), ("Private_Clean", "Private_Dirty")]):
                if name in wanted:
                    sums[at] += int(value.split()[0]) * 1024
    return sums[0], sums[1], sums[2]
