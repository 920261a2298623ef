"""A QR code as SVG markup that a page with a strict policy may hold: no style, no namespace."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from qrcode.main import QRCode

_QUIET = 4  # modules of white around it, which scanners need


def qr_code(text: str) -> SafeString:
    """Black on white whatever the page's colours: many scanners take nothing else."""
    code = QRCode(border=_QUIET)
    code.add_data(text)
    rows = code.get_matrix()
    dark = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" width="240" height="240" role="img"'
        ' aria-label="The key as a picture to scan"><path d="M0 0h{0}v{0}h-{0}z" fill="#fff"/>'
        '<path d="{1}" fill="#000"/></svg>',
        len(rows),
        dark,
    )
