"""`scipy.spatial.transform`, of traced values: rotations, kept as unit quaternions (x, y, z, w).

The module is read as the user's functions are. Source: Shuster, A survey of attitude
representations, Journal of the Astronautical Sciences 41 (1993).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.stand_ins import StandIn


def _floats(x: Any) -> Any:
    return np.asarray(x, dtype=float)


def _product(p: Any, q: Any) -> Any:
    """Quaternions multiplied: first q turns, then p."""
    a, b, c, d = p[..., 0], p[..., 1], p[..., 2], p[..., 3]
    x, y, z, w = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    return np.stack(
        [
            d * x + a * w + b * z - c * y,
            d * y - a * z + b * w + c * x,
            d * z + a * y - b * x + c * w,
            d * w - a * x - b * y - c * z,
        ],
        axis=-1,
    )


_AXES = {"x": 0, "y": 1, "z": 2}


def _about(axis: int, angle: Any) -> Any:
    """The quaternions of turns about an axis of the frame."""
    nothing = 0.0 * angle
    parts = [nothing, nothing, nothing, np.cos(angle / 2)]
    parts[axis] = np.sin(angle / 2)
    return np.stack(parts, axis=-1)


def _parted(square: Any) -> tuple[Any, Any, Any]:
    """Whether the square of t is small, for a series; the square where it is, else 0; t where it is
    not, else 1."""
    small = square < 1e-3
    return small, np.where(small, square, 0.0), np.sqrt(np.where(small, 1.0, square))


def _half_sine(square: Any) -> Any:
    """sin(t / 2) / t by the square of t, smooth at 0."""
    small, z, t = _parted(square)
    series = 0.5 + z * (-1 / 48 + z * (1 / 3840 + z * (-1 / 645120 + z / 185794560)))
    return np.where(small, series, np.sin(t / 2) / t)


def _half_cosine(square: Any) -> Any:
    """cos(t / 2) by the square of t, smooth at 0."""
    small, z, t = _parted(square)
    series = 1 + z * (-1 / 8 + z * (1 / 384 + z * (-1 / 46080 + z / 10321920)))
    return np.where(small, series, np.cos(t / 2))


class Rotation(StandIn):
    """One rotation, or a stack of them."""

    def __init__(self, quat: Any, normalize: bool = True, copy: bool = True) -> None:
        quat = _floats(quat)
        self._quat = quat / np.linalg.norm(quat, axis=-1, keepdims=True) if normalize else quat
        self.single = np.ndim(quat) == 1

    @classmethod
    def from_quat(cls, quat: Any, *, scalar_first: bool = False) -> Any:
        """By quaternions, which need not be of size 1."""
        quat = _floats(quat)
        return cls(np.roll(quat, -1, axis=-1) if scalar_first else quat)

    @classmethod
    def from_rotvec(cls, rotvec: Any, degrees: bool = False) -> Any:
        """By vectors along the axes, as long as the angles."""
        v = np.deg2rad(_floats(rotvec)) if degrees else _floats(rotvec)
        square = np.sum(v * v, axis=-1, keepdims=True)
        return cls(np.concatenate([_half_sine(square) * v, _half_cosine(square)], axis=-1), False)

    @classmethod
    def from_euler(cls, seq: str, angles: Any, degrees: bool = False) -> Any:
        """By angles about the axes in turn: of the frame (lower case), or of the body (upper)."""
        angles = np.deg2rad(_floats(angles)) if degrees else _floats(angles)
        if len(seq) == 1 and (np.ndim(angles) == 0 or np.shape(angles)[-1] != 1):
            angles = angles[..., None]
        found = _about(_AXES[seq[0].lower()], angles[..., 0])
        for k in range(1, len(seq)):
            turn = _about(_AXES[seq[k].lower()], angles[..., k])
            found = _product(found, turn) if seq.isupper() else _product(turn, found)
        return cls(found, False)

    @classmethod
    def from_matrix(cls, matrix: Any, *, assume_valid: bool = False) -> Any:
        """By matrices, which must be orthogonal."""
        m = _floats(matrix)
        for _ in range(0 if assume_valid else 2):  # the nearest orthogonal one, by Newton's steps
            m = m @ (1.5 * np.eye(3) - 0.5 * np.swapaxes(m, -1, -2) @ m)
        diagonal = [m[..., k, k] for k in range(3)]
        trace = diagonal[0] + diagonal[1] + diagonal[2]
        choice = np.argmax(np.stack([*diagonal, trace], axis=-1), axis=-1)
        rows = []
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            parts: Any = [0.0] * 4
            parts[i] = 1 - trace + 2 * m[..., i, i]
            parts[j] = m[..., j, i] + m[..., i, j]
            parts[k] = m[..., k, i] + m[..., i, k]
            parts[3] = m[..., k, j] - m[..., j, k]
            rows.append(np.stack(parts, axis=-1))
        gaps = (m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0])
        rows.append(np.stack([*gaps, m[..., 1, 0] - m[..., 0, 1], 1 + trace], axis=-1))
        found = rows[3]
        for k in range(3):
            found = np.where((choice == k)[..., None], rows[k], found)
        return cls(found)

    @classmethod
    def identity(cls, num: Any = None) -> Any:
        """The rotation that leaves all as it is."""
        one = np.array([0.0, 0.0, 0.0, 1.0])
        return cls(one if num is None else np.tile(one, (num, 1)), False)

    @classmethod
    def concatenate(cls, rotations: Any) -> Any:
        """A stack of rotations and of stacks."""
        return cls(np.concatenate([np.reshape(r.as_quat(), (-1, 4)) for r in rotations]), False)

    def as_quat(self, canonical: bool = False, *, scalar_first: bool = False) -> Any:
        """Quaternions of size 1."""
        q = self._quat
        if canonical:
            q = np.where(q[..., 3:] < 0, -q, q)
        return np.roll(q, 1, axis=-1) if scalar_first else q

    def as_matrix(self) -> Any:
        """Orthogonal matrices."""
        x, y, z, w = (self._quat[..., k] for k in range(4))
        rows = [
            [x * x - y * y - z * z + w * w, 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), -x * x + y * y - z * z + w * w, 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), -x * x - y * y + z * z + w * w],
        ]
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)

    def magnitude(self) -> Any:
        """The angles."""
        size = np.linalg.norm(self._quat[..., :3], axis=-1)
        return 2 * np.arctan2(size, np.abs(self._quat[..., 3]))

    def as_rotvec(self, degrees: bool = False) -> Any:
        """Vectors along the axes, as long as the angles."""
        q = self.as_quat(canonical=True)
        square = np.sum(q[..., :3] ** 2, axis=-1, keepdims=True)
        small, z, s = _parted(square)
        series = 2 + z * (1 / 3 + z * (3 / 20 + z * (5 / 56 + z * (35 / 576 + z * 63 / 1408))))
        factor = np.where(small, series, 2 * np.arctan2(s, q[..., 3:]) / s)
        return np.rad2deg(factor * q[..., :3]) if degrees else factor * q[..., :3]

    def as_euler(self, seq: str, degrees: bool = False, *, suppress_warnings: bool = False) -> Any:
        """Angles about three axes in turn; where the first and third agree there is no derivative.

        Source: Bernardes & Viollet, Quaternion to Euler angles conversion, PLOS ONE 17 (2022).
        """
        is_body = seq.isupper()
        order = [_AXES[c.lower()] for c in seq]
        i, j, k = order if not is_body else order[::-1]
        is_proper = i == k
        k = 3 - i - j if is_proper else k
        sign = float((i - j) * (j - k) * (k - i) // 2)
        q = self._quat
        a, b, c, d = q[..., 3], q[..., i], q[..., j], q[..., k] * sign
        if not is_proper:
            a, b, c, d = a - c, b + d, c + a, d - b
        middle = 2 * np.arctan2(np.hypot(c, d), np.hypot(a, b))
        total, gap = np.arctan2(b, a), np.arctan2(d, c)
        first, third = total - gap, total + gap
        if not is_proper:
            third, middle = third * sign, middle - np.pi / 2
        if is_body:
            first, third = third, first
        turned = [np.mod(t + np.pi, 2 * np.pi) - np.pi for t in (first, third)]
        angles = np.stack([turned[0], middle, turned[1]], axis=-1)
        return np.rad2deg(angles) if degrees else angles

    def apply(self, vectors: Any, inverse: bool = False) -> Any:
        """The vectors, turned."""
        matrix = self.as_matrix()
        matrix = np.swapaxes(matrix, -1, -2) if inverse else matrix
        return np.sum(matrix * _floats(vectors)[..., None, :], axis=-1)

    def inv(self) -> Any:
        """The rotations back."""
        return Rotation(self._quat * np.array([-1.0, -1.0, -1.0, 1.0]), False)

    def __mul__(self, other: Any) -> Any:
        return Rotation(_product(self._quat, other.as_quat()), True)

    def __pow__(self, n: Any) -> Any:
        return Rotation.from_rotvec(n * self.as_rotvec())

    def __getitem__(self, index: Any) -> Any:
        return Rotation(self._quat[index], False)

    def __len__(self) -> int:
        if self.single:
            raise TypeError("Single rotation has no len().")
        return len(self._quat)


def of_rotation(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    return Rotation(x.as_quat(), False)


class Slerp(StandIn):
    """Rotations between those at given times, at constant speed."""

    def __init__(self, times: Any, rotations: Any) -> None:
        self.times, self.rotations = _floats(times), rotations
        start, end = rotations[:-1], rotations[1:]
        self.moves = (start.inv() * end).as_rotvec()

    def __call__(self, times: Any) -> Any:
        """The rotations at times between the first and the last."""
        times = _floats(times)
        if np.any(times < self.times[0]) or np.any(times > self.times[-1]):
            raise ValueError("Interpolation times must be within the range of the given times.")
        place = np.searchsorted(self.times, times, side="right") - 1
        place = np.clip(place, 0, np.shape(self.times)[0] - 2)
        share = (times - self.times[place]) / (self.times[place + 1] - self.times[place])
        return self.rotations[place] * Rotation.from_rotvec(share[..., None] * self.moves[place])


def of_slerp(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    return Slerp(x.times, Rotation(np.concatenate([x.rotations.as_quat(), _last(x)]), False))


def _last(x: Any) -> Any:
    """The last of the rotations, which SciPy's object does not keep."""
    return x(x.times[-1:]).as_quat()
