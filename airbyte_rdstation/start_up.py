"""Starts a command in half the time. Only for a process of ours alone: it touches how modules are imported."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

__all__ = ["quick_import"]

_TESTED_WITH: Final = "airbyte_cdk-7.39.1"
"""The distribution whose imports are known: what the locks name."""
_DECLARATIVE: Final = "airbyte_cdk.sources.declarative"
_DATABASE_CLIENT: Final = "boto3"


@contextmanager
def quick_import() -> Iterator[None]:
    """Import without what costs time and memory and serves nobody here: more than half of a start.

    The CDK's package imports all that it has, its engine the declarative sources, to ask whether a stream is one of
    theirs, and its cache of requests the client of a database. serpyco, by which the CDK serializes messages, reads the
    source code of their classes for docstrings that its JSON schemas would show. The collector walks everything that is
    being imported, again and again. Afterwards all of it can be imported as ever.

    Another version of the CDK may do more with what is spared than ask whether something is an instance of it. It is
    imported as usual, and so is one that a program of somebody else's has imported before.
    """
    spec = find_spec("airbyte_cdk")
    if spec is None or "airbyte_cdk" in sys.modules or not _is_tested(spec):
        yield
        return
    with suppress(ImportError):  # a serpyco that does without
        import attributes_doc

        attributes_doc.get_attributes_doc = lambda cls: {}
    cdk = sys.modules["airbyte_cdk"] = module_from_spec(spec)
    cdk.__class__ = _OnDemand
    spared = _Spared()
    sys.meta_path.insert(0, spared)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.meta_path.remove(spared)
    stand_ins = [name for name, module in sys.modules.items() if isinstance(module, _StandIn)]
    for name in reversed(stand_ins):  # a package came before what is in it
        package, _, child = name.rpartition(".")
        vars(sys.modules[package]).pop(child, None)
        del sys.modules[name]


def _is_tested(cdk: ModuleSpec) -> bool:
    # Its folder of metadata stands beside it; importlib.metadata would cost a part of what is saved.
    return bool(cdk.origin) and Path(str(cdk.origin)).parents[1].joinpath(f"{_TESTED_WITH}.dist-info").is_dir()


class _OnDemand(ModuleType):
    """A package whose submodules can be imported, and which is executed itself once it is asked for a name."""

    def __getattr__(self, name: str) -> Any:
        if submodule := sys.modules.get(f"{self.__name__}.{name}"):
            return submodule  # it is being imported
        self.__class__ = ModuleType  # type: ignore[assignment] # as `importlib.util.LazyLoader` does
        if self.__spec__ and self.__spec__.loader:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)


class _StandIn(ModuleType):
    """A module of empty classes, by whatever name: nothing is an instance of them."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _Spared(MetaPathFinder, Loader):
    """Finds stand-ins for the declarative sources, and no client of a database."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname == _DATABASE_CLIENT:
            raise ModuleNotFoundError(name=fullname)
        return ModuleSpec(fullname, self, is_package=True) if fullname.startswith(_DECLARATIVE) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass
