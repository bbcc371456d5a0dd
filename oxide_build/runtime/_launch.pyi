from collections.abc import Callable
from typing import Any

class Plans:
    def __new__(
        cls, parameters: tuple[tuple[str, int, int, int, int, int, int], ...], steps: tuple[tuple[int, int], ...], /
    ) -> Plans: ...
    def add(
        self,
        kinds: tuple[tuple[type, object, int], ...],
        ordinal: int,
        function: int,
        context: int,
        find_stream: Callable[[int], int] | None,
        most_shared: int,
        /,
    ) -> None: ...
    def forget(self) -> None: ...

class Launcher:
    configuration: Any

    def __new__(
        cls, plans: Plans, configuration: object, geometry: tuple[int, ...], stream: int | None, /
    ) -> Launcher: ...
    def __call__(self, *args: object, **kwargs: object) -> None: ...

def connect(
    launch: int,
    current: int,
    push: int,
    pop: int,
    device: int,
    integers: dict[type, Callable[[Any], Any]],
    reals: dict[type, Callable[[Any], Any]],
    booleans: dict[type, Callable[[Any], Any]],
    /,
) -> None: ...
