"""The report as one HTML file: nothing in it is loaded, nothing runs. Pure."""

from html import escape

from indicators.referrals.report import Block, Facts, Paragraph, Report, Table

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;
padding:0 1rem;color:#1c2226}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #bbb}
p{margin:.5rem 0}.sub{color:#57616a}dl{display:grid;grid-template-columns:14rem 1fr;gap:.25rem 1rem}
dt{color:#57616a}dd{margin:0;overflow-wrap:anywhere}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.85rem}caption{text-align:left;color:#57616a}
th,td{text-align:left;vertical-align:top;border-top:1px solid #ccc;padding:.3rem .4rem;
overflow-wrap:anywhere;min-width:4.5rem}@media(max-width:40rem){dl{grid-template-columns:1fr}}
""".strip()


def render(report: Report) -> bytes:
    """The file, UTF-8."""
    sections = "".join(
        f"<section><h2>{escape(each.title)}</h2>{''.join(map(_block, each.blocks))}</section>\n"
        for each in report.sections
    )
    title, subtitle = escape(report.title), escape(report.subtitle)
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f'<body><main><h1>{title}</h1><p class="sub">{subtitle}</p>\n'
        f"{sections}</main></body></html>\n"
    ).encode()


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return f"<p>{escape(block.text)}</p>"
        case Facts():
            rows = (f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in block.rows)
            return f"<dl>{''.join(rows)}</dl>"
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in table.head)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>\n" for row in table.rows
    )
    return (
        f'<div class="wide"><table><caption>{escape(table.title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
