"""The hashes that the reference gateway names keys by. None of them protects anything: they are for telling keys apart.

Source: behaviour-chain 5.6; MurmurHash3 by Austin Appleby, x64, 128 bits.
"""

from typing import Final

_32: Final = 0xFFFFFFFF
_64: Final = 0xFFFFFFFFFFFFFFFF


def short_hash(text: bytes) -> str:
    """8 hex digits: 32 bits of Murmur 3 without tail and finalisation, as the reference gateway has it by default.

    The last ``len(text) % 4`` bytes and the length do not count, so that many texts have the same hash.
    """
    state = 0
    for start in range(0, len(text) - len(text) % 4, 4):
        block = int.from_bytes(text[start : start + 4], "little") * 0xCC9E2D51 & _32
        block = (block << 15 | block >> 17) & _32
        state ^= block * 0x1B873593 & _32
        state = (state << 13 | state >> 19) & _32
        state = (state * 5 + 0xE6546B64) & _32
    return f"{state:08x}"


def long_hash(text: bytes) -> str:
    """32 hex digits: 128 bits of Murmur 3, for 64-bit machines."""
    first, second = 0, 0
    tail = len(text) - len(text) % 16
    for start in range(0, tail, 16):
        first ^= _mixed_first(int.from_bytes(text[start : start + 8], "little"))
        first = (_rotated(first, 27) + second) * 5 + 0x52DCE729 & _64
        second ^= _mixed_second(int.from_bytes(text[start + 8 : start + 16], "little"))
        second = (_rotated(second, 31) + first) * 5 + 0x38495AB5 & _64
    rest = text[tail:]
    second ^= _mixed_second(int.from_bytes(rest[8:], "little"))
    first ^= _mixed_first(int.from_bytes(rest[:8], "little"))
    first ^= len(text)
    second ^= len(text)
    first = (first + second) & _64
    second = (second + first) & _64
    first, second = _final(first), _final(second)
    first = (first + second) & _64
    second = (second + first) & _64
    return f"{first:016x}{second:016x}"


def _mixed_first(block: int) -> int:
    return _rotated(block * 0x87C37B91114253D5 & _64, 31) * 0x4CF5AD432745937F & _64


def _mixed_second(block: int) -> int:
    return _rotated(block * 0x4CF5AD432745937F & _64, 33) * 0x87C37B91114253D5 & _64


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> (64 - by)) & _64


def _final(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _64
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _64
    return value ^ value >> 33
