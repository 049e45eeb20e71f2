"""Deques, dicts, sets and parts of lists of which the data say what they have."""

from __future__ import annotations

from collections import Counter, defaultdict, deque

from plain_programs.program import program, vector


@program(vector, (1, 9))
def queue_of_some(x):
    d, s = deque(), 0.1 * x[0]
    for v in x:
        if v > 0:
            d.append(v)
        elif d:
            s += d.popleft() * v
        else:
            d.appendleft(v * v)
    return s + sum(d) + sum(k * v for k, v in enumerate(d))


@program(vector, (1, 9))
def breadth_first(x):
    s, queue = 0.1 * x[0], deque([(0, 1.0)])
    while queue:
        k, w = queue.popleft()
        s += w * x[k] ** 2
        if x[k] > -0.5 and 2 * k + 1 < len(x):
            queue.append((2 * k + 1, 0.5 * w))
        if x[k] < 0.5 and 2 * k + 2 < len(x):
            queue.append((2 * k + 2, w * x[k]))
    return s


@program(vector, (3, 9))
def windows(x):
    """The last three, and the greatest of the last three by a queue of places."""
    last, d, s = deque(maxlen=3), deque(), 0.0
    for i in range(len(x)):
        last.append(x[i])
        while d and x[d[-1]] <= x[i]:
            d.pop()
        d.append(i)
        if d[0] <= i - 3:
            d.popleft()
        s += x[d[0]] * (i + 1) + max(last) * last[0]
    return s


@program(vector, (6,))
def turned(x):
    d, last = deque(x), deque([0.5], maxlen=12)
    for v in x:
        if v > 0:
            d.rotate(1)
            last.append(v)
        else:
            d.rotate(-2)
            last.appendleft(d[0])
    d.extend(v for v in x if v > 0.2)
    last.reverse()
    return d[0] * d[1] + d[-1] + last[0] * len(last) + sum(last)


@program(vector, (1, 8))
def counted_by_size(x):
    sums, counts, first = {}, Counter(), defaultdict(float)
    for v in x:
        k = int(abs(v) * 2)
        sums[k] = sums.get(k, 0.5) + v * v
        counts[k] += 1
        first[k // 2] += v
    s = sum(v * (k + 1) for k, v in first.items())
    for k in sorted(sums):
        s = 0.9 * s + sums[k] * (k + 1)
    return s * len(counts) + counts[0] * x[0]


@program(vector, (1, 8))
def seen_before(x):
    seen, known, s = set(), {}, 0.1 * x[0]
    for v in x:
        k = int(abs(v) * 2)
        if k in known:
            s += known[k] * v
        if k not in seen:
            seen.add(k)
            s += v * v
        known[k] = v
        s += known.setdefault(k + 1, v) * 0.5 + known.get(7, 0.1) * known.pop(9, 0.2)
    return s + len(seen) * x[0]


@program(vector, (2, 7))
def parts_of_lists(x):
    a, k, m = [v * v for v in x], 0, 0
    for i, v in enumerate(x):
        k += v > 0
        m = i if v > x[m] else m
    s = sum(a[:k]) + sum(a[k:]) * x[0] + sum(a[-k:])
    b = a[m:] + a[:m]
    b[: m + 1] = b[: m + 1][::-1]
    s += sum(i * v for i, v in enumerate(b))
    del b[k:]
    b.extend(a[:k])
    b[m:] = [0.5, x[0]]
    return s + sum(i * v for i, v in enumerate(b)) * len(b)


@program(vector, (5,))
def merge_sort(x):
    def sort(a):
        if len(a) <= 1:
            return a
        first, second = sort(a[: len(a) // 2]), sort(a[len(a) // 2 :])
        out, i, j = [], 0, 0
        while i < len(first) and j < len(second):
            if first[i] <= second[j]:
                out.append(first[i])
                i += 1
            else:
                out.append(second[j])
                j += 1
        return out + first[i:] + second[j:]

    return sum(k * v for k, v in enumerate(sort(list(x))))


@program(vector, (8,))
def members(x):
    known, signs, s = [0, 2], [round(v) for v in x] * 3, 0.1 * x[0]
    for v in x:
        k = int(abs(v) * 2)
        if k in known:
            s += v * v
        else:
            known.append(k)
        if round(v) + 1 in signs:
            s += 0.3 * v
    return s + sum(v * len(known) for v in sorted(v for v in x if v < 0.7))
