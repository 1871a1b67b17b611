"use strict";
// Draws what the page's data says: rows of workers over time and flame graphs. What it shows is text or numbers from that data alone, and goes
// into the page as text, never as markup.
(() => {
  const source = document.getElementById("drawing");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const print = matchMedia("print");

  // ---- Copying code -------------------------------------------------------------------------------------------------------------------

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.closest("figure").querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        const range = document.createRange();
        range.selectNodeContents(code);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }
  if (!source) return;
  const data = JSON.parse(source.textContent);

  // ---- Words --------------------------------------------------------------------------------------------------------------------------

  const short = (value) => Number(value.toPrecision(3)).toString();
  const time = (s) =>
    s >= 120 ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`
      : s >= 1 ? `${short(s)} s`
        : s >= 1e-3 ? `${short(s * 1e3)} ms`
          : `${short(s * 1e6)} us`;
  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // ---- Paints: a colour and a pattern each, told apart without colour too ------------------------------------------------------------

  const PAINTS = [
    { key: "running", label: "running", light: ["#34507a", "#34507a"], dark: ["#86a8dc", "#86a8dc"], dot: () => false },
    { key: "queued", label: "ready, no CPU", light: ["#f3e3a6", "#9a7400"], dark: ["#4a3f1a", "#e0bb4a"], dot: (x, y) => (x + y) % 4 === 0 || (x - y + 8) % 4 === 0 },
    { key: "serialises", label: "in what serialises", light: ["#ea9376", "#cd4a25"], dark: ["#b04a2a", "#f0774f"], dot: (x, y) => (x + y) % 8 < 4 },
    { key: "peer", label: "for a peer", light: ["#d5e4f3", "#8fb4d8"], dark: ["#22384e", "#4e7ba6"], dot: (x) => x % 4 === 0 },
    { key: "lock", label: "for a lock", light: ["#e6dcf2", "#a98bcb"], dark: ["#382c4a", "#8a6cb3"], dot: (x, y) => (x - y + 8) % 8 < 2 },
    { key: "file", label: "for a file or disk", light: ["#d6ead9", "#79b088"], dark: ["#20392a", "#4f9468"], dot: (x, y) => y % 4 === 0 },
    { key: "sleep", label: "sleeping", light: ["#efefea", "#b5b5ab"], dark: ["#25292e", "#5d656e"], dot: (x, y) => x % 4 === 1 && y % 4 === 1 },
    { key: "inside", label: "inside its process", light: ["#e2e2dc", "#e2e2dc"], dark: ["#363c43", "#363c43"], dot: () => false },
    { key: "unknown", label: "not known", light: ["#fcfcfa", "#c3a7a0"], dark: ["#15181c", "#7a5b52"], dot: (x, y) => x % 8 === 2 && y % 8 < 3 },
  ];
  const paintOf = (kind, serialises) => {
    if (kind === "absent") return -1;
    const key = serialises ? "serialises" : kind === "stopped" ? "unknown" : kind;
    return PAINTS.findIndex((paint) => paint.key === key);
  };
  const abgr = (hex) => {
    const value = parseInt(hex.slice(1), 16);
    return (0xff000000 | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
  };
  const isDark = () => dark.matches && !print.matches;
  const TILE = 16;
  const tile = (paint, scale) => {
    const [ground, line] = (isDark() ? paint.dark : paint.light).map(abgr);
    const pixels = new Uint32Array(TILE * TILE);
    for (let y = 0; y < TILE; y++) {
      for (let x = 0; x < TILE; x++) {
        pixels[y * TILE + x] = paint.dot(Math.floor(x / scale) % 8, Math.floor(y / scale) % 8) ? line : ground;
      }
    }
    return pixels;
  };

  // ---- Rows ---------------------------------------------------------------------------------------------------------------------------

  const rowsPart = document.querySelector("[data-rows]");
  if (rowsPart && data.rows.length) {
    const rows = data.rows.map((row) => {
      const count = row.segments.length / 3;
      const ends = new Float64Array(count);
      const doing = new Uint16Array(count);
      const detail = new Uint32Array(count);
      let at = 0;
      for (let i = 0; i < count; i++) {
        at += row.segments[3 * i];
        ends[i] = at * data.step;
        doing[i] = row.segments[3 * i + 1];
        detail[i] = row.segments[3 * i + 2];
      }
      let tick = 0;
      const ticks = Float64Array.from(row.ticks, (gap) => (tick += gap) * data.tick);
      return { name: row.name, what: row.what, carries: row.carries, ends, doing, detail, ticks };
    });
    const paints = Int8Array.from(data.doings, ([kind, , serialises]) => paintOf(kind, serialises));
    const canvas = rowsPart.querySelector("canvas");
    const context = canvas.getContext("2d");
    const [hair, tip] = [rowsPart.querySelector(".hair"), rowsPart.querySelector(".tip")];
    const live = rowsPart.querySelector("[data-live]");
    rowsPart.hidden = false;
    let view = [0, data.window];
    let size = {};
    let chosen = { row: 0, at: 0 };

    // The first of sorted instants that is after another one.
    const after = (instants, at) => {
      let [low, high] = [0, instants.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (instants[middle] > at) high = middle;
        else low = middle + 1;
      }
      return low;
    };
    const indexAt = (row, at) => after(row.ends, at);
    const timeAt = (x) => view[0] + ((x - size.gutter) / size.plot) * (view[1] - view[0]);
    // Threads that carry the workers stand apart, below them.
    const yOf = (number) => size.top + number * size.pitch + (rows[number].carries ? size.gap : 0);
    const rowAt = (y) => rows.findIndex((_, number) => y >= yOf(number) && y < yOf(number) + size.pitch);
    const xOf = (at) => size.gutter + ((at - view[0]) / (view[1] - view[0])) * size.plot;

    const measure = () => {
      const width = canvas.parentElement.clientWidth;
      const scale = Math.min(2, Math.max(1, Math.round(devicePixelRatio)));
      const narrow = width < 600;
      const pitch = rows.length <= 12 ? 22 : rows.length <= 40 ? 15 : rows.length <= 80 ? 11 : 8;
      const gutter = narrow ? 58 : 92;
      const top = 22;
      const gap = rows.some((row) => row.carries) ? 7 : 0;
      size = { width, scale, pitch, gutter, top, gap, plot: width - gutter, height: top + rows.length * pitch + gap + 4 };
      canvas.width = width * scale;
      canvas.height = size.height * scale;
      canvas.style.height = `${size.height}px`;
      size.tiles = PAINTS.map((paint) => tile(paint, scale));
      const style = getComputedStyle(document.body);
      size.ink = style.color;
      size.paper = style.backgroundColor;
      size.pixels = context.createImageData(size.plot * scale, Math.max(1, (pitch - (pitch > 10 ? 2 : 1)) * scale));
      size.words = new Uint32Array(size.pixels.data.buffer);
      size.parts = new Float32Array(size.pixels.width * PAINTS.length);
    };

    // How much of each column of pixels is in each paint.
    const fill = (row) => {
      const { parts } = size;
      const columns = size.pixels.width;
      const kinds = PAINTS.length;
      parts.fill(0);
      const perColumn = columns / (view[1] - view[0]);
      let from = 0;
      for (let i = indexAt(row, view[0]); i < row.ends.length && from < columns; i++) {
        const to = Math.min(columns, (row.ends[i] - view[0]) * perColumn);
        const paint = paints[row.doing[i]];
        if (paint >= 0) {
          let column = Math.floor(from);
          const last = Math.floor(to);
          if (column === last) parts[column * kinds + paint] += to - from;
          else {
            parts[column * kinds + paint] += column + 1 - from;
            for (column++; column < last; column++) parts[column * kinds + paint] = 1;
            if (last < columns) parts[last * kinds + paint] += to - last;
          }
        }
        from = to;
      }
    };
    const drawRow = (row, number) => {
      const { words, parts, tiles, pixels, scale } = size;
      const kinds = PAINTS.length;
      const { width, height } = pixels;
      fill(row);
      words.fill(0);
      for (let column = 0; column < width; column++) {
        let done = 0;
        let y = height;
        for (let paint = 0; paint < kinds; paint++) {
          const part = parts[column * kinds + paint];
          if (part === 0) continue;
          done += part;
          const until = Math.max(0, height - Math.round(done * height));
          const pattern = tiles[paint];
          while (y > until) {
            y--;
            words[y * width + column] = pattern[(y % TILE) * TILE + (column % TILE)];
          }
        }
      }
      context.putImageData(pixels, size.gutter * scale, yOf(number) * scale);
    };
    const drawTicks = (row, number) => {
      const { scale, pitch } = size;
      const length = Math.max(3, Math.round(pitch * 0.45));
      const y = yOf(number);
      const [from, to] = view.map((at) => after(row.ticks, at));
      // Where they would touch they say nothing.
      if (to - from > size.plot / 4) return;
      let before = -99;
      for (let i = from; i < to; i++) {
        const at = row.ticks[i];
        const x = Math.round(xOf(at) * scale) / scale;
        if (x - before < 1) continue;
        if (x - before > 14) {
          context.fillStyle = size.paper;
          context.fillRect(x - 1, y, 3, length);
        }
        context.fillStyle = size.ink;
        context.fillRect(x, y, 1, length);
        before = x;
      }
    };
    const drawAxis = () => {
      const [from, to] = view;
      const rough = (to - from) / Math.max(2, size.plot / 110);
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((by) => by * power).find((by) => by >= rough);
      context.font = "12px system-ui, sans-serif";
      context.textBaseline = "alphabetic";
      context.fillStyle = size.ink;
      const [unit, per] = step >= 0.1 ? ["s", 1] : step >= 1e-3 ? ["ms", 1e3] : ["us", 1e6];
      for (let i = Math.ceil(from / step - 1e-9); i * step <= to; i++) {
        const x = xOf(i * step);
        const label = `${Number((i * step * per).toPrecision(9))} ${unit}`;
        const half = context.measureText(label).width / 2;
        context.globalAlpha = 0.35;
        context.fillRect(Math.round(x), size.top - 6, 1, 4);
        context.globalAlpha = 0.75;
        context.fillText(label, Math.min(size.width - 2 * half, Math.max(size.gutter, x - half)), 12);
      }
      const every = Math.ceil(11 / size.pitch);
      context.textBaseline = "middle";
      context.font = `${Math.min(12, Math.max(9, size.pitch - 1))}px system-ui, sans-serif`;
      rows.forEach((row, number) => {
        if (number % every) return;
        context.fillText(row.name.length > 15 ? `${row.name.slice(0, 14)}\u2026` : row.name, 0, yOf(number) + 0.5 * size.pitch - 1, size.gutter - 8);
      });
      context.globalAlpha = 1;
    };
    const draw = () => {
      context.setTransform(size.scale, 0, 0, size.scale, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      rows.forEach(drawRow);
      rows.forEach(drawTicks);
      drawAxis();
    };
    let asked = false;
    const redraw = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        draw();
      });
    };

    const legend = () => {
      const there = rowsPart.querySelector("[data-legend]");
      there.replaceChildren();
      const used = new Set();
      for (const row of rows) for (const number of row.doing) used.add(paints[number]);
      PAINTS.forEach((paint, number) => {
        if (!used.has(number)) return;
        const entry = element("span", undefined, "entry");
        const key = element("canvas", undefined, "key");
        const { scale } = size;
        [key.width, key.height] = [24 * scale, 14 * scale];
        const pixels = new ImageData(key.width, key.height);
        const words = new Uint32Array(pixels.data.buffer);
        words.forEach((_, i) => (words[i] = size.tiles[number][(Math.floor(i / key.width) % TILE) * TILE + (i % key.width % TILE)]));
        key.getContext("2d").putImageData(pixels, 0, 0);
        const named = data.doings.filter(([, , serialises]) => serialises);
        const only = paint.key === "serialises" && named.length === 1;
        entry.append(key, only ? `${named[0][1]} (what serialises)` : paint.label);
        there.append(entry);
      });
    };

    // ---- What is pointed at ------------------------------------------------------------------------------------------------------------

    const told = (row, at) => {
      const index = Math.min(indexAt(row, at), row.ends.length - 1);
      if (index < 0) return undefined;
      const from = index > 0 ? row.ends[index - 1] : 0;
      const to = row.ends[index];
      const [, name] = data.doings[row.doing[index]];
      const [site, by] = data.details[row.detail[index]] || [0, 0];
      const about = data.step > 1e-4 ? "about " : "";
      const lines = [`${about}${time(to - from)}, from ${time(from)} on`];
      if (data.names[site]) lines.push(`in ${data.names[site]}`);
      if (data.names[by]) lines.push(`ended by ${data.names[by]}`);
      lines.push(row.what);
      return { title: `${row.name} ${name}`, lines, from, to, index };
    };
    const show = (number, at) => {
      const of = rows[number] && told(rows[number], at);
      if (!of) return hide();
      tip.replaceChildren(element("b", of.title), ...of.lines.map((line) => element("span", line)));
      hair.hidden = tip.hidden = false;
      const x = Math.min(size.width, Math.max(size.gutter, xOf(at)));
      hair.style.left = `${x}px`;
      const y = yOf(number) + size.pitch + 6;
      const left = Math.min(x + 12, size.width - tip.offsetWidth);
      tip.style.left = `${Math.max(0, left)}px`;
      tip.style.top = `${y + tip.offsetHeight > size.height && y > tip.offsetHeight + size.pitch ? y - tip.offsetHeight - size.pitch - 10 : y}px`;
      return of;
    };
    const hide = () => {
      hair.hidden = tip.hidden = true;
    };

    // ---- Zoom and pan ------------------------------------------------------------------------------------------------------------------

    const look = (from, length) => {
      const whole = Math.min(data.window, Math.max(length, data.window * 1e-6, data.step * 8));
      const start = Math.min(data.window - whole, Math.max(0, from));
      view = [start, start + whole];
      redraw();
    };
    const zoom = (by, at = (view[0] + view[1]) / 2) => look(at - (at - view[0]) * by, (view[1] - view[0]) * by);
    rowsPart.querySelector(".zoom").addEventListener("click", ({ target }) => {
      const to = target.dataset.zoom;
      if (to === "in") zoom(0.5);
      if (to === "out") zoom(2);
      if (to === "all") look(0, data.window);
    });
    canvas.addEventListener("wheel", (event) => {
      const across = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (!event.ctrlKey && !event.metaKey && !across) return;
      event.preventDefault();
      const length = view[1] - view[0];
      if (across) look(view[0] + (event.deltaX / size.plot) * length, length);
      else zoom(Math.exp(event.deltaY * 0.004), timeAt(event.offsetX));
    }, { passive: false });
    const pointers = new Map();
    canvas.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, event.offsetX);
      canvas.setPointerCapture(event.pointerId);
    });
    const lift = (event) => pointers.delete(event.pointerId);
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      const length = view[1] - view[0];
      if (before !== undefined) {
        const others = [...pointers].filter(([id]) => id !== event.pointerId);
        pointers.set(event.pointerId, event.offsetX);
        if (others.length) {
          const other = others[0][1];
          const apart = Math.max(8, Math.abs(event.offsetX - other));
          zoom(Math.max(8, Math.abs(before - other)) / apart, timeAt(other));
        } else look(view[0] + ((before - event.offsetX) / size.plot) * length, length);
      }
      const number = rowAt(event.offsetY);
      if (event.offsetX < size.gutter || number < 0) return hide();
      chosen = { row: number, at: timeAt(event.offsetX) };
      show(number, chosen.at);
    });
    canvas.addEventListener("pointerleave", hide);
    canvas.addEventListener("dblclick", (event) => zoom(0.5, timeAt(event.offsetX)));
    canvas.addEventListener("blur", hide);
    canvas.addEventListener("keydown", (event) => {
      const of = told(rows[chosen.row], chosen.at);
      const steps = {
        ArrowRight: () => of && (chosen.at = Math.min(data.window, of.to + data.step / 2)),
        ArrowLeft: () => of && (chosen.at = Math.max(0, of.from - data.step / 2)),
        ArrowDown: () => (chosen.row = Math.min(rows.length - 1, chosen.row + 1)),
        ArrowUp: () => (chosen.row = Math.max(0, chosen.row - 1)),
        Home: () => (chosen.at = 0),
        End: () => (chosen.at = data.window - data.step / 2),
        "+": () => zoom(0.5, chosen.at),
        "=": () => zoom(0.5, chosen.at),
        "-": () => zoom(2, chosen.at),
        0: () => look(0, data.window),
        Escape: hide,
      };
      if (!steps[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      steps[event.key]();
      if (event.key === "Escape") return;
      const length = view[1] - view[0];
      if (chosen.at < view[0] || chosen.at > view[1]) look(chosen.at - length / 2, length);
      const shown = show(chosen.row, chosen.at);
      if (shown) live.textContent = [shown.title, ...shown.lines].join(", ");
    });

    const start = () => {
      measure();
      legend();
      draw();
    };
    start();
    let width = size.width;
    new ResizeObserver(() => {
      if (canvas.parentElement.clientWidth === width) return;
      width = canvas.parentElement.clientWidth;
      start();
    }).observe(canvas.parentElement);
    for (const query of [dark, print]) query.addEventListener("change", start);
  }

  // ---- Flame graphs -------------------------------------------------------------------------------------------------------------------

  const HEIGHT = 20;
  for (const place of document.querySelectorAll("[data-flame]")) {
    const root = data.flames[place.dataset.flame];
    const unit = place.dataset.flame === "waiting" ? time : (samples) => `${samples} samples`;
    if (!root || !root[3].length) continue;
    place.hidden = false;
    const draw = (path, focus) => {
      place.replaceChildren();
      const shown = path[path.length - 1];
      const depth = path.length - 1;
      const room = place.clientWidth;
      const all = document.createDocumentFragment();
      let deepest = depth;
      const box = (frame, from, level, above) => {
        const [name, weight, serialises] = frame;
        const made = element("button", data.names[name], serialises ? "serialises" : above ? "above" : level % 2 ? "other" : "");
        made.type = "button";
        made.tabIndex = -1;
        const width = above ? 1 : weight / shown[1];
        made.style.left = `${100 * from}%`;
        made.style.width = `max(1px, calc(${100 * width}% - 1px))`;
        made.style.top = `${level * HEIGHT}px`;
        const share = `${unit(weight)}, ${(100 * weight / root[1]).toFixed(1)}% of all`;
        made.title = `${data.names[name]}\n${share}`;
        made.setAttribute("aria-label", `${data.names[name]}, ${share}`);
        if (width * room < 28) made.textContent = "";
        all.append(made);
        return made;
      };
      path.slice(0, -1).forEach((frame, level) => {
        box(frame, 0, level, true).onclick = () => draw(path.slice(0, level + 1), level);
      });
      const below = (frame, from, level, way) => {
        if ((frame[1] / shown[1]) * room < 1.5) return;
        deepest = Math.max(deepest, level);
        box(frame, from, level, false).onclick = () => draw(way, way.length - 1);
        let at = from;
        for (const call of [...frame[3]].sort((a, b) => b[1] - a[1])) {
          below(call, at, level + 1, [...way, call]);
          at += call[1] / shown[1];
        }
      };
      below(shown, 0, depth, path);
      place.append(all);
      place.style.height = `${(deepest + 1) * HEIGHT}px`;
      const first = place.children[focus ?? 0];
      first.tabIndex = 0;
      if (focus !== undefined) first.focus();
    };
    // Arrows go from frame to frame: beside each other, and into and out of calls.
    place.addEventListener("keydown", (event) => {
      const at = document.activeElement;
      const near = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[event.key];
      if (!near || at.parentElement !== place) return;
      event.preventDefault();
      const own = at.getBoundingClientRect();
      const candidates = [...place.children].filter((other) => {
        const box = other.getBoundingClientRect();
        const level = Math.round((box.top - own.top) / HEIGHT);
        if (near[1]) return level === near[1] && box.left < own.right - 0.5 && box.right > own.left + 0.5;
        return level === 0 && (box.left - own.left) * near[0] > 0.5;
      });
      const next = near[0] < 0 ? candidates[candidates.length - 1] : candidates[0];
      if (!next) return;
      at.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    draw([root]);
  }
})();
