"""What dicts, sets and deques are where their items depend on traced values: programs on lists.

They are read as functions of the user's are. Each compares keys as Python's own does, one by one
in the order in which they came.
"""

from __future__ import annotations

from typing import Any


class Keys:
    """What a dict and a set have in common: keys, `at[k]`."""

    at: Any

    def place(self, key: Any) -> Any:
        """Where a key is; -1 where there is none."""
        for k in range(len(self.at)):
            if self.at[k] == key:
                return k
        return -1

    def __contains__(self, key: Any) -> Any:
        return self.place(key) >= 0

    def __len__(self) -> Any:
        return len(self.at)

    def __bool__(self) -> Any:
        return len(self.at) > 0

    def __iter__(self) -> Any:
        return self.at


class Table(Keys):
    """A dict: `held[k]` is what it has at the key `at[k]`.

    Attributes:
        makes: what makes an item where there is none; a Counter's is not kept.
        counts: whether it is a Counter.
    """

    def __init__(self, at: Any, held: Any, makes: Any, counts: Any) -> None:
        self.at, self.held, self.makes, self.counts = at, held, makes, counts

    def __getitem__(self, key: Any) -> Any:
        if self.counts:
            return self.get(key, 0)
        if self.makes is not None:
            return self.setdefault(key, self.makes())
        k = self.place(key)
        if k < 0:
            raise KeyError(key)
        return self.held[k]

    def __setitem__(self, key: Any, x: Any) -> None:
        k = self.place(key)
        if k < 0:
            self.at.append(key)
            self.held.append(x)
        else:
            self.held[k] = x

    def __delitem__(self, key: Any) -> None:
        self.pop(key)

    def keys(self) -> Any:
        return self.at

    def values(self) -> Any:
        return self.held

    def items(self) -> Any:
        return zip(self.at, self.held)  # noqa: B905  as many are of both

    def get(self, key: Any, default: Any = None) -> Any:
        k = self.place(key)
        return default if k < 0 else self.held[k]

    def setdefault(self, key: Any, x: Any = None) -> Any:
        k = self.place(key)
        if k < 0:
            self.at.append(key)
            self.held.append(x)
            return x
        return self.held[k]

    def pop(self, key: Any, *default: Any) -> Any:
        k = self.place(key)
        if k < 0:
            if default:
                return default[0]
            raise KeyError(key)
        self.at.pop(k)
        return self.held.pop(k)

    def clear(self) -> None:
        self.at.clear()
        self.held.clear()

    def most_common(self, n: Any = None) -> Any:
        found = sorted(zip(self.at, self.held), key=lambda pair: -pair[1])  # noqa: B905
        return found if n is None else found[:n]

    def update(self, items: Any) -> None:
        for key in items:
            if self.counts and not isinstance(items, dict):
                self[key] = self.get(key, 0) + 1
            elif self.counts:
                self[key] = self.get(key, 0) + items[key]
            else:
                self[key] = items[key]


class Members(Keys):
    """A set; in which order it has its items is for nobody to ask."""

    def __init__(self, at: Any) -> None:
        self.at = at

    def add(self, x: Any) -> None:
        if self.place(x) < 0:
            self.at.append(x)

    def discard(self, x: Any) -> None:
        k = self.place(x)
        if k >= 0:
            self.at.pop(k)

    def remove(self, x: Any) -> None:
        k = self.place(x)
        if k < 0:
            raise KeyError(x)
        self.at.pop(k)

    def clear(self) -> None:
        self.at.clear()

    def update(self, *others: Any) -> None:
        for items in others:
            for x in items:
                self.add(x)


class Queue:
    """A deque: `held` from `first` on, of at most so many items."""

    def __init__(self, held: Any, most: Any) -> None:
        self.held, self.first, self.most = held, 0, most

    def at(self, k: Any) -> Any:
        """Where its item at a place is."""
        n = len(self.held) - self.first
        k = k + n if k < 0 else k
        if k < 0 or k >= n:
            raise IndexError("deque index out of range")
        return self.first + k

    def __getitem__(self, k: Any) -> Any:
        return self.held[self.at(k)]

    def __setitem__(self, k: Any, x: Any) -> None:
        self.held[self.at(k)] = x

    def __len__(self) -> Any:
        return len(self.held) - self.first

    def __bool__(self) -> Any:
        return len(self.held) > self.first

    def __contains__(self, x: Any) -> Any:
        for k in range(self.first, len(self.held)):  # noqa: SIM110
            if self.held[k] == x:
                return True
        return False

    def __iter__(self) -> Any:
        return self.held[self.first :]

    def append(self, x: Any) -> None:
        self.held.append(x)
        if self.most is not None and len(self.held) - self.first > self.most:
            self.first = self.first + 1

    def appendleft(self, x: Any) -> None:
        if self.first > 0:
            self.first = self.first - 1
            self.held[self.first] = x
        else:
            self.held.insert(0, x)
        if self.most is not None and len(self.held) - self.first > self.most:
            self.held.pop()

    def pop(self) -> Any:
        if len(self.held) <= self.first:
            raise IndexError("pop from an empty deque")
        return self.held.pop()

    def popleft(self) -> Any:
        if len(self.held) <= self.first:
            raise IndexError("pop from an empty deque")
        x = self.held[self.first]
        self.first = self.first + 1
        return x

    def extend(self, items: Any) -> None:
        for x in items:
            self.append(x)

    def extendleft(self, items: Any) -> None:
        for x in items:
            self.appendleft(x)

    def clear(self) -> None:
        self.held.clear()
        self.first = 0

    def count(self, x: Any) -> Any:
        n = 0
        for k in range(self.first, len(self.held)):
            if self.held[k] == x:
                n += 1
        return n

    def rotate(self, n: Any = 1) -> None:
        count = len(self.held) - self.first
        if count > 0:
            start = self.first + (-n) % count
            moved = self.held[start:]
            for k in range(self.first, start):
                moved.append(self.held[k])
            for k in range(count):
                self.held[self.first + k] = moved[k]

    def reverse(self) -> None:
        low, high = self.first, len(self.held) - 1
        while low < high:
            self.held[low], self.held[high] = self.held[high], self.held[low]
            low, high = low + 1, high - 1


OF_KINDS = (Table, Members, Queue)
"""What stands in such containers in place of all items."""
