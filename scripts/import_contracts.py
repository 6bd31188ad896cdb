"""A kind of import contract that import-linter does not have: nothing but the standard library.

Listing what must not be imported would need a new line for every new package; this one knows.
"""

import sys
from typing import Any

import grimp
from importlinter import Contract, ContractCheck, fields, output


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
        without = set(self.without or ())
        allowed = (sys.stdlib_module_names - without) | set(self.session_options["root_packages"])
        found: list[dict[str, Any]] = []
        for source in self.source_modules:
            for importer in sorted({source.name, *graph.find_descendants(source.name)}):
                for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                    if imported.split(".")[0] not in allowed:
                        found += graph.get_import_details(importer=importer, imported=imported)
        return ContractCheck(kept=not found, metadata={"imports": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Tell every such import with its place."""
        for found in check.metadata["imports"]:
            output.print_error(
                f"{found['importer']} imports {found['imported']} (l.{found['line_number']})",
                bold=True,
            )
