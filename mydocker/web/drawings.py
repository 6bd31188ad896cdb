"""Icons, flags and the mark: inline SVG, drawn once. Decoration only, so always `aria-hidden`.

Icons: 24 px grid, 1.75 stroke, round ends, `currentColor`. New ones are drawn, not imported.
"""

from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

from mydocker.domain.flags import VIEW_BOX, flag_of

_ICONS = {
    "home": '<path d="M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z"/>',
    "catalogue": '<rect x="4" y="4" width="6.5" height="6.5" rx="1.5"/><rect x="13.5" y="4" width="6.5" height="6.5" rx="1.5"/><rect x="4" y="13.5" width="6.5" height="6.5" rx="1.5"/><circle cx="16.75" cy="16.75" r="3.25"/>',
    "teach": '<rect x="3" y="4" width="18" height="12" rx="2"/><path d="M8 20h8M12 16v4M7.5 11.5 10 9l2.5 2 4-4"/>',
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>',
    "tick": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "cross": '<path d="m6 6 12 12M18 6 6 18"/>',
    "check-circle": '<circle cx="12" cy="12" r="9"/><path d="m8 12.3 2.8 2.8L16 9.7"/>',
    "ring": '<path d="M12 3a9 9 0 1 0 9 9"/><path d="M12 3a9 9 0 0 1 9 9" opacity=".25"/>',
    "hourglass": '<path d="M7 3h10M7 21h10M8 3c0 5 8 5 8 9s-8 4-8 9M16 3c0 5-8 5-8 9s8 4 8 9"/>',
    "moon": '<path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"/>',
    "stopped": '<circle cx="12" cy="12" r="9"/><rect x="9" y="9" width="6" height="6" rx="1"/>',
    "triangle": '<path d="M12 4 2.8 19.5h18.4z"/><path d="M12 10v4.5M12 17v.01"/>',
    "dotted-circle": '<circle cx="12" cy="12" r="9" stroke-dasharray="2.5 3.2"/>',
    "dot": '<circle cx="12" cy="12" r="4" fill="currentColor"/>',
    "play": '<path d="M8 5.5v13l10.5-6.5z"/>',
    "power": '<path d="M12 3.5V12M7 6.5a7.5 7.5 0 1 0 10 0"/>',
    "restart": '<path d="M4.5 12a7.5 7.5 0 1 0 2.4-5.5L4.5 8.7"/><path d="M4.5 4v4.7h4.7"/>',
    "bin": '<path d="M4 7h16M9 7V5a1 1 0 0 1 1-1h4a1 1 0 0 1 1 1v2M6 7l1 12a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1l1-12"/><path d="m10 11 4 5M14 11l-4 5"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>',
    "copy": '<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M15 9V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h3"/>',
    "eye": '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>',
    "down": '<path d="m6 9.5 6 6 6-6"/>',
    "right": '<path d="m9.5 6 6 6-6 6"/>',
    "arrow": '<path d="M4.5 12h15M13.5 6l6 6-6 6"/>',
    "outside": '<path d="M9 5H6a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-3M13 4.5h6.5V11M19 5l-8 8"/>',
    "folder": '<path d="M3.5 7a2 2 0 0 1 2-2h4l2 2.5h7a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2z"/>',
    "cpu": '<rect x="6" y="6" width="12" height="12" rx="2"/><rect x="10" y="10" width="4" height="4" rx=".5"/><path d="M9 3v3M15 3v3M9 18v3M15 18v3M3 9h3M3 15h3M18 9h3M18 15h3"/>',
    "memory": '<rect x="3" y="8" width="18" height="8" rx="1.5"/><path d="M7 11v2M11 11v2M15 11v2M6 16v3M10 16v3M14 16v3M18 16v3"/>',
    "disk": '<ellipse cx="12" cy="6" rx="7.5" ry="2.8"/><path d="M4.5 6v12c0 1.6 3.4 2.8 7.5 2.8s7.5-1.2 7.5-2.8V6M4.5 12c0 1.6 3.4 2.8 7.5 2.8s7.5-1.2 7.5-2.8"/>',
    "key": '<circle cx="8" cy="15.5" r="4"/><path d="m11 12.5 8-8M15.5 8l3 3M18.5 5l1.5 1.5"/>',
    "terminal": '<rect x="3" y="4.5" width="18" height="15" rx="2.5"/><path d="m7 9.5 3 2.8-3 2.7M12.5 15H17"/>',
    "notebook": '<path d="M6 3.5h11a2 2 0 0 1 2 2v13a2 2 0 0 1-2 2H6z"/><path d="M6 3.5v17M3.8 8H6M3.8 12H6M3.8 16H6M9.5 8.5h6M9.5 12h3.5"/><path d="m13 17 2-2.5 1.5 1.5"/>',
    "code": '<path d="m8.5 7-5 5 5 5M15.5 7l5 5-5 5M13.5 4.5l-3 15"/>',
    "desktop": '<rect x="3" y="4" width="18" height="12.5" rx="2"/><path d="M8.5 20.5h7M12 16.5v4M6.5 8h5v4h-5z"/>',
    "globe": '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c5.5 6 5.5 11 0 17M12 3.5c-5.5 6-5.5 11 0 17"/>',
    "mail": '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m4 7 8 6 8-6"/>',
    "person": '<circle cx="12" cy="8.5" r="4"/><path d="M4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.500 7.5 5.5"/>',
    "people": '<circle cx="9" cy="9" r="3.5"/><path d="M2.500 19.500c.8-3.500 3.300-5 6.500-5s5.700 1.500 6.500 5M15.500 5.800a3.500 3.500 0 0 1 0 6.400M18 14.800c2 .7 3.200 2.200 3.700 4.700"/>',
    "layers": '<path d="m12 3.500 9 4.700-9 4.800-9-4.800zM3.500 12.500l8.500 4.500 8.500-4.500M3.500 16.500 12 21l8.500-4.500"/>',
    "server": '<rect x="3.500" y="4" width="17" height="6.500" rx="1.500"/><rect x="3.500" y="13.500" width="17" height="6.500" rx="1.500"/><path d="M7 7.300v.01M7 16.800v.01M11 7.300h6M11 16.800h6"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "lock": '<rect x="5" y="11" width="14" height="9.500" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
    "link": '<path d="M10 14a4 4 0 0 0 5.700 0l3-3a4 4 0 0 0-5.700-5.700l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.500M12 7.800v.01"/>',
    "bolt": '<path d="M13 3 5 13.500h6L10.500 21 19 10.500h-6z"/>',
    "help": '<circle cx="12" cy="12" r="9"/><path d="M9.500 9.500a2.500 2.500 0 1 1 3.700 2.200c-.8.500-1.200 1-1.200 1.900M12 16.700v.01"/>',
    "box": '<path d="M12 3.500 20 8v8.500l-8 4.500-8-4.500V8z"/><path d="m4 8 8 4.500L20 8M12 12.500V21"/>',
    "pencil": '<path d="m14.500 5.500 4 4L8 20H4v-4zM12.500 7.500l4 4"/>',
    "download": '<path d="M12 4v11M7.500 11l4.500 4.500L16.500 11M5 20h14"/>',
    "switch": '<path d="M8 4 4 8l4 4M4 8h14M16 12l4 4-4 4M20 16H6"/>',
    "contrast": '<circle cx="12" cy="12" r="8.500"/><path d="M12 3.500v17"/><path d="M12 3.500a8.500 8.500 0 0 1 0 17z" fill="currentColor"/>',
    "leave": '<path d="M14 4.500H7a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h7M11 12h9M16.500 8.500 20 12l-3.500 3.500"/>',
    "flask": '<path d="M9 3.5h6M10 3.5v6L4.8 18a1.700 1.700 0 0 0 1.500 2.500h11.400a1.700 1.700 0 0 0 1.500-2.500L14 9.500v-6M7.500 15h9"/>',
    "list": '<path d="M9 6.500h11M9 12h11M9 17.500h11M4.500 6.500v.01M4.500 12v.01M4.500 17.500v.01"/>',
}  # fmt: skip


@lru_cache(maxsize=512)
def icon(name: str, classes: str = "") -> SafeString:
    """Draw an icon by its name. Raises KeyError for an unknown one."""
    return mark_safe(  # noqa: S308 -- both come from our own templates
        f'<svg class="i {classes}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        f"{_ICONS[name]}</svg>"
    )


@lru_cache(maxsize=4096)
def flag(code: str, classes: str = "") -> SafeString:
    """Draw the face of the environment with this join code. Its title must stand beside it."""
    drawn = flag_of(code)
    return mark_safe(  # noqa: S308 -- colours and paths of our own, and our class names
        f'<span class="flag {classes}" aria-hidden="true"><svg viewBox="{VIEW_BOX}" '
        f'focusable="false"><path fill="{drawn.ground}" d="M0 0h40v40H0z"/>'
        f'<path fill="{drawn.colour}" d="{drawn.figure}"/></svg></span>'
    )
