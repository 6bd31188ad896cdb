"""A kind of import contract that import-linter does not have: nothing but the standard library.

Listing what must not be imported would need a new line for every new package; this one knows.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import cast

import grimp
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.imports import Module


def within(graph: grimp.ImportGraph, package: str) -> Iterator[str]:
    """A package and all modules under it."""
    yield package
    yield from graph.find_descendants(package)


class StandardLibraryOnly(Contract):
    """Modules that import nothing from outside the project but the standard library.

    - source_modules: the packages, with all that is in them.
    - without: modules of the standard library that they do not import either. Optional.
    """

    type_name = "standard_library_only"

    source_modules = fields.ListField(subfield=fields.ModuleField())
    without = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        """Find the imports that lead elsewhere."""
        without = set(cast("list[str] | None", self.without) or ())
        allowed = (sys.stdlib_module_names - without) | set(self.session_options["root_packages"])
        sources = cast("Iterable[Module]", self.source_modules)
        modules = {each for source in sources for each in within(graph, source.name)}
        found = [
            detail
            for importer in sorted(modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if imported.split(".")[0] not in allowed
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not found, metadata={"imports": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Tell every such import with its place."""
        for found in check.metadata["imports"]:
            output.print_error(
                f"{found['importer']} imports {found['imported']} (l.{found['line_number']})",
                bold=True,
            )
