"""Charts as SVG, drawn here: plain values in, markup out; no tables are read, nothing is scripted.

Each has a title, a description and its numbers as a table. Colours are classes of the stylesheet;
attributes give only geometry, so that a strict content policy holds and print and dark follow.
"""

from indicators.web.charts.bars import Bar, bars
from indicators.web.charts.corroboration import Seen, corroboration
from indicators.web.charts.decay import Curve, decay
from indicators.web.charts.graph import MOST_NODES, Edge, Node, graph
from indicators.web.charts.heat_map import Label, heat_map
from indicators.web.charts.lag import Delay, lag
from indicators.web.charts.spark import spark
from indicators.web.charts.timeline import Event, timeline

__all__ = [
    "MOST_NODES",
    "Bar",
    "Curve",
    "Delay",
    "Edge",
    "Event",
    "Label",
    "Node",
    "Seen",
    "bars",
    "corroboration",
    "decay",
    "graph",
    "heat_map",
    "lag",
    "spark",
    "timeline",
]
