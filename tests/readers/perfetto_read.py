"""Reads a Perfetto trace by Perfetto's own protos. In: JSON with "file". Out: seconds by track and category, requests and counters, as JSON."""

import collections
import json
import sys

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

with open(json.load(sys.stdin)["file"], "rb") as file:
    trace = Trace.FromString(file.read())

tracks, names, open_slices = {}, {}, {}
times = collections.defaultdict(lambda: collections.Counter())
named = collections.Counter()
requests, ended, begun, counters = 0, set(), set(), collections.defaultdict(list)
for packet in trace.packet:
    if packet.HasField("track_descriptor"):
        of = packet.track_descriptor
        tracks[of.uuid] = {
            "name": of.name or of.thread.thread_name or of.process.process_name,
            "pid": of.thread.pid or of.process.pid,
            "tid": of.thread.tid,
            "parent": of.parent_uuid,
        }
    for name in packet.interned_data.event_names:
        names[name.iid] = name.name
    if not packet.HasField("track_event"):
        continue
    event = packet.track_event
    assert event.track_uuid in tracks, "a track is described before its events"
    if event.type == TrackEvent.TYPE_SLICE_BEGIN:
        assert event.track_uuid not in open_slices, "one slice at a time on a track"
        open_slices[event.track_uuid] = (packet.timestamp, event)
        ended.update(event.terminating_flow_ids)
    elif event.type == TrackEvent.TYPE_SLICE_END:
        start, begin = open_slices.pop(event.track_uuid)
        category, name = begin.categories[0], names[begin.name_iid]
        times[event.track_uuid][category] += packet.timestamp - start
        if category == "request":
            requests += 1
        if category == "waiting":
            named[name] += packet.timestamp - start
    elif event.type == TrackEvent.TYPE_INSTANT:
        begun.update(event.flow_ids)
    elif event.type == TrackEvent.TYPE_COUNTER:
        counters[event.track_uuid].append(event.counter_value)
assert not open_slices, "every slice ends"
assert ended <= begun, "every arrow begins"
json.dump(
    {
        "tracks": [{**tracks[uuid], "ns": dict(of)} for uuid, of in times.items()],
        "waiting_ns": dict(named),
        "requests": requests,
        "counters": {tracks[uuid]["name"]: [min(of), max(of), of[-1]] for uuid, of in counters.items()},
    },
    sys.stdout,
)
