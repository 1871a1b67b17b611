"""Reads a graph by pydot. In: JSON with "text". Out: its label, nodes and edges, as JSON."""

import json
import sys

import pydot

(graph,) = pydot.graph_from_dot_data(json.load(sys.stdin)["text"])


def text(value):
    return json.loads(value) if value else ""


json.dump(
    {
        "label": text(graph.get_label()),
        "nodes": {node.get_name(): text(node.get_label()) for node in graph.get_nodes() if node.get_name() != "node"},
        "edges": [[edge.get_source(), edge.get_destination(), text(edge.get_label())] for edge in graph.get_edges()],
    },
    sys.stdout,
)
