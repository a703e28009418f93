"""The attacks, a module for each kind. Each class in them that has a `name` is run."""

import pkgutil
from importlib import import_module

from tests.attacks.attack import Attack


def attacks() -> dict[str, type[Attack]]:
    """All of them, by name."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    kinds = [kind for module in modules for kind in vars(module).values() if isinstance(kind, type)]
    return {kind.name: kind for kind in kinds if issubclass(kind, Attack) and hasattr(kind, "name")}


def in_suite() -> dict[str, type[Attack]]:
    """Those of `./run test`, which strike a site on SQLite."""
    return {name: kind for name, kind in attacks().items() if kind.in_suite and "sqlite" in kind.engines}
