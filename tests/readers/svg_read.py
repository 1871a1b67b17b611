"""Reads a flame graph. In: JSON with "text" (SVG). Out: what its widest frame sums up, and how many frames there are, as JSON."""

import json
import re
import sys
from xml.etree import ElementTree

root = ElementTree.fromstring(json.load(sys.stdin)["text"])
assert root.tag.endswith("}svg"), root.tag
titles = [element.text for element in root.iter() if element.tag.endswith("}title")]
(widest,) = [title for title in titles if title.startswith("all (")]
json.dump({"all": int(re.match(r"all \(([0-9,]+) ", widest)[1].replace(",", "")), "frames": len(titles)}, sys.stdout)
