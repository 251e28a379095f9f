
// ---- all genes of a contrast on a canvas: points are set pixel by pixel, and a second raster says whose a pixel is
const EDGE = { left: 52, right: 12, top: 10, bottom: 42 };
const PLOTS = {
  volcano: {
    title: "Volcano",
    x: "log2 fold change", y: "−log10 p-value",
    of: (contrast) => [contrast.values("log2_fold_change"), contrast.values("pvalue")],
  },
  ma: {
    title: "Fold change over mean",
    x: "log10 of the mean count plus 1", y: "log2 fold change",
    of: (contrast) => [
      once(`log mean ${contrast.number}`, () => contrast.values("base_mean").map((mean) => Math.log10(mean + 1))),
      contrast.values("log2_fold_change"),
    ],
  },
};

const discOf = (radius) => {
  const offsets = [];
  for (let y = -Math.ceil(radius); y <= radius; y += 1) {
    for (let x = -Math.ceil(radius); x <= radius; x += 1) if (x * x + y * y <= radius * radius + 0.5) offsets.push([x, y]);
  }
  return offsets;
};
const pixelOf = (color) => {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  return (255 << 24) | (b << 16) | (g << 8) | r;
};

const rangeOf = (values, rows, floor) => {
  let [low, high] = [Infinity, -Infinity];
  for (const gene of rows) {
    const value = values[gene];
    if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  if (floor !== undefined) low = floor;
  const margin = (high - low || 1) * 0.04;
  return [low - margin, high + margin];
};

// A p-value that is smaller than any number stands at the upper edge.
const viewOf = (contrast, plot) => {
  const [xs, ys] = PLOTS[plot].of(contrast);
  let [left, right] = rangeOf(xs, contrast.rows);
  let [low, high] = rangeOf(ys, contrast.rows, plot === "volcano" ? 0 : undefined);
  const symmetric = (a, b) => [-Math.max(Math.abs(a), Math.abs(b)), Math.max(Math.abs(a), Math.abs(b))];
  if (plot === "volcano") [left, right] = symmetric(left, right);
  else [low, high] = symmetric(low, high);
  return { left, right, low, high };
};

const setUpScatter = (genes) => {
  const [stage, points, marks, tip] = [byId("stage"), byId("points"), byId("marks"), byId("tip")];
  let [contrast, view, pick, size] = [null, null, null, null];
  let frame = 0;

  const measured = () => {
    const scale = Math.min(2, devicePixelRatio || 1);
    const width = Math.max(240, stage.clientWidth);
    const height = Math.round(Math.min(460, Math.max(280, width * 0.72)));
    size = { scale, width, height, w: width - EDGE.left - EDGE.right, h: height - EDGE.top - EDGE.bottom };
    for (const canvas of [points, marks]) {
      if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
        canvas.style.height = `${height}px`;
      }
    }
    stage.style.height = `${height}px`;
  };
  const place = (x, y) => [
    ((x - view.left) / (view.right - view.left)) * size.w,
    (1 - (Math.min(y, view.high) - view.low) / (view.high - view.low)) * size.h,
  ];
  const valueAt = (px, py) => [
    view.left + ((px - EDGE.left) / size.w) * (view.right - view.left),
    view.high - ((py - EDGE.top) / size.h) * (view.high - view.low),
  ];

  const drawAxes = (context, theme) => {
    const { w, h } = size;
    context.font = `12px ${FONT}`;
    context.fillStyle = theme.soft;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.strokeRect(EDGE.left, EDGE.top, w, h);
    context.textAlign = "center";
    for (const tick of ticksOf(view.left, view.right)) {
      context.fillText(tickText(tick), EDGE.left + place(tick, view.low)[0], EDGE.top + h + 16);
    }
    context.textAlign = "right";
    for (const tick of ticksOf(view.low, view.high)) {
      context.fillText(tickText(tick), EDGE.left - 6, EDGE.top + place(view.left, tick)[1] + 4);
    }
    context.fillStyle = theme.text;
    context.textAlign = "center";
    context.fillText(PLOTS[state.plot].x, EDGE.left + w / 2, EDGE.top + h + 35);
    context.save();
    context.translate(13, EDGE.top + h / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(PLOTS[state.plot].y, 0, 0);
    context.restore();
  };

  const drawPoints = () => {
    const theme = THEMES[themeName()];
    const context = points.getContext("2d");
    const { scale, width, height } = size;
    const [w, h] = [Math.round(size.w * scale), Math.round(size.h * scale)];
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = theme.page;
    context.fillRect(0, 0, width, height);
    const image = context.createImageData(w, h);
    const pixels = new Int32Array(image.data.buffer).fill(pixelOf(theme.page));
    pick = new Int32Array(w * h).fill(-1);
    const [xs, ys] = PLOTS[state.plot].of(contrast);
    const calls = callsOf(contrast);
    const many = contrast.rows.length > 30000;
    const [small, large] = [discOf((many ? 1 : 1.5) * scale), discOf((many ? 1.5 : 2.3) * scale)];
    const [sx, sy] = [w / (view.right - view.left), h / (view.high - view.low)];
    const put = (gene, disc, color) => {
      const x = Math.round((xs[gene] - view.left) * sx);
      const y = Math.round((view.high - Math.min(ys[gene], view.high)) * sy);
      if (!(x >= 0 && x < w && y >= 0 && y < h)) return;
      for (let k = 0; k < disc.length; k += 1) {
        const [px, py] = [x + disc[k][0], y + disc[k][1]];
        if (px >= 0 && px < w && py >= 0 && py < h) {
          pixels[py * w + px] = color;
          pick[py * w + px] = gene;
        }
      }
    };
    const colors = { "0": pixelOf(theme.other), "1": pixelOf(theme.up), "-1": pixelOf(theme.down) };
    for (const gene of contrast.rows) if (!calls[gene]) put(gene, small, colors[0]);
    for (const gene of contrast.rows) if (calls[gene]) put(gene, large, colors[calls[gene]]);
    context.putImageData(image, Math.round(EDGE.left * scale), Math.round(EDGE.top * scale));
    drawAxes(context, theme);
  };

  const drawMarks = (box) => {
    const theme = THEMES[themeName()];
    const context = marks.getContext("2d");
    const { scale, width, height, w, h } = size;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const [xs, ys] = PLOTS[state.plot].of(contrast);
    context.save();
    context.beginPath();
    context.rect(EDGE.left, EDGE.top, w, h);
    context.clip();
    context.translate(EDGE.left, EDGE.top);
    const { fold } = limits();
    if (fold > 0) {
      context.strokeStyle = theme.soft;
      context.setLineDash([4, 4]);
      for (const value of [-fold, fold]) {
        const [x, y] = state.plot === "volcano" ? place(value, 0) : place(view.left, value);
        context.beginPath();
        if (state.plot === "volcano") { context.moveTo(x, 0); context.lineTo(x, h); } else { context.moveTo(0, y); context.lineTo(w, y); }
        context.stroke();
      }
      context.setLineDash([]);
    }
    context.strokeStyle = theme.chosen;
    context.lineWidth = 1.3;
    for (const gene of state.selected) {
      if (contrast.tested[gene] && !Number.isNaN(ys[gene])) {
        const [x, y] = place(xs[gene], ys[gene]);
        context.beginPath();
        context.arc(x, y, 3.6, 0, 7);
        context.stroke();
      }
    }
    const gene = genes.placeOf.get(state.gene);
    if (gene !== undefined && contrast.tested[gene] && !Number.isNaN(ys[gene]) && !Number.isNaN(xs[gene])) {
      const [x, y] = place(xs[gene], ys[gene]);
      context.lineWidth = 2.2;
      context.beginPath();
      context.arc(x, y, 6, 0, 7);
      context.stroke();
      const label = genes.symbols[gene] || genes.ids[gene];
      context.font = `600 12.5px ${FONT}`;
      const wide = context.measureText(label).width;
      const left = x + 10 + wide > w ? x - 10 - wide : x + 10;
      context.lineWidth = 3.5;
      context.strokeStyle = theme.page;
      context.strokeText(label, left, Math.max(14, y - 6));
      context.fillStyle = theme.chosen;
      context.fillText(label, left, Math.max(14, y - 6));
    }
    context.restore();
    if (box) {
      context.strokeStyle = theme.chosen;
      context.lineWidth = 1;
      context.setLineDash([4, 3]);
      context.beginPath();
      box.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.stroke();
      context.setLineDash([]);
    }
  };

  const said = () => {
    const calls = callsOf(contrast);
    let [up, down] = [0, 0];
    for (const gene of contrast.rows) {
      if (calls[gene] > 0) up += 1;
      else if (calls[gene] < 0) down += 1;
    }
    points.setAttribute("aria-label", `${PLOTS[state.plot].title} of ${grouped(contrast.rows.length)} genes in ${contrast.name}: ${up} called up, ${down} down. The table below holds them.`);
  };
  const redraw = () => {
    if (!contrast) return;
    measured();
    drawPoints();
    drawMarks();
  };
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(redraw);
  };
  const show = (next) => {
    contrast = next;
    view = viewOf(contrast, state.plot);
    redraw();
    said();
  };
  const look = (next) => {
    view = next;
    soon();
  };
  const zoom = (factor, px = EDGE.left + size.w / 2, py = EDGE.top + size.h / 2) => {
    const [x, y] = valueAt(px, py);
    look({
      left: x - (x - view.left) * factor, right: x + (view.right - x) * factor,
      low: y - (y - view.low) * factor, high: y + (view.high - y) * factor,
    });
  };

  // The nearest pixel of a point within eight pixels of the pointer.
  const geneAt = (px, py) => {
    if (!pick) return -1;
    const { scale } = size;
    const [w, h] = [Math.round(size.w * scale), Math.round(size.h * scale)];
    const [x, y] = [Math.round((px - EDGE.left) * scale), Math.round((py - EDGE.top) * scale)];
    const most = Math.round(8 * scale);
    let [best, least] = [-1, most * most + 1];
    for (let dy = -most; dy <= most; dy += 1) {
      for (let dx = -most; dx <= most; dx += 1) {
        const [qx, qy] = [x + dx, y + dy];
        if (qx >= 0 && qx < w && qy >= 0 && qy < h && dx * dx + dy * dy < least && pick[qy * w + qx] >= 0) {
          best = pick[qy * w + qx];
          least = dx * dx + dy * dy;
        }
      }
    }
    return best;
  };
  const tipText = (gene) => [
    genes.symbols[gene] || genes.ids[gene], genes.symbols[gene] ? genes.ids[gene] : "", genes.names[gene],
    `log2 fold change ${shown(contrast.values("log2_fold_change")[gene], "fold")}`,
    `adjusted p ${shown(contrast.values("padj")[gene], "p")}`,
  ].filter(Boolean).join("\n");

  const within = (path, x, y) => {
    let inside = false;
    for (let i = 0, j = path.length - 1; i < path.length; j = i, i += 1) {
      const [[xi, yi], [xj, yj]] = [path[i], path[j]];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  };
  const takeLasso = (path) => {
    const [xs, ys] = PLOTS[state.plot].of(contrast);
    const selected = new Set(state.selected);
    for (const gene of contrast.rows) {
      const [x, y] = place(xs[gene], ys[gene]);
      if (!Number.isNaN(x + y) && within(path, x + EDGE.left, y + EDGE.top)) selected.add(gene);
    }
    change({ selected });
  };

  let drag = null;
  const at = (event) => {
    const box = marks.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  marks.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !contrast) return;
    const start = at(event);
    drag = { mode: event.shiftKey ? "pan" : byId("drag").value, start, path: [start], view: { ...view }, moved: false };
    marks.setPointerCapture(event.pointerId);
  });
  marks.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (!drag) {
      const gene = geneAt(x, y);
      marks.style.cursor = gene >= 0 ? "pointer" : "crosshair";
      tipAt(tip, stage, event, gene >= 0 ? tipText(gene) : "");
      return;
    }
    const [x0, y0] = drag.start;
    if (!drag.moved && Math.hypot(x - x0, y - y0) < 4) return;
    drag.moved = true;
    tip.hidden = true;
    if (drag.mode === "pan") {
      const dx = ((x - x0) / size.w) * (drag.view.right - drag.view.left);
      const dy = ((y - y0) / size.h) * (drag.view.high - drag.view.low);
      look({ left: drag.view.left - dx, right: drag.view.right - dx, low: drag.view.low + dy, high: drag.view.high + dy });
    } else if (drag.mode === "lasso") {
      drag.path.push([x, y]);
      drawMarks(drag.path);
    } else drawMarks([[x0, y0], [x, y0], [x, y], [x0, y]]);
  });
  const end = (event) => {
    if (!drag) return;
    const { mode, start, path, moved } = drag;
    const [x, y] = at(event);
    drag = null;
    if (!moved) {
      const gene = geneAt(x, y);
      if (gene >= 0) change({ gene: genes.ids[gene] });
      return;
    }
    if (mode === "lasso") takeLasso(path);
    else if (mode === "zoom" && Math.abs(x - start[0]) > 5 && Math.abs(y - start[1]) > 5) {
      const [[xa, ya], [xb, yb]] = [valueAt(...start), valueAt(x, y)];
      look({ left: Math.min(xa, xb), right: Math.max(xa, xb), low: Math.min(ya, yb), high: Math.max(ya, yb) });
    }
    drawMarks();
  };
  marks.addEventListener("pointerup", end);
  marks.addEventListener("pointercancel", () => { drag = null; drawMarks(); });
  marks.addEventListener("pointerleave", () => { tip.hidden = true; });
  marks.addEventListener("dblclick", () => look(viewOf(contrast, state.plot)));
  marks.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, ...at(event));
  }, { passive: false });
  byId("in").addEventListener("click", () => zoom(1 / 1.5));
  byId("out").addEventListener("click", () => zoom(1.5));
  byId("all").addEventListener("click", () => look(viewOf(contrast, state.plot)));
  byId("drag").addEventListener("change", () => {
    // On a touch screen a finger scrolls the page unless it draws.
    marks.style.touchAction = byId("drag").value === "lasso" ? "none" : "pan-y";
  });
  new ResizeObserver(() => { if (contrast && Math.max(240, stage.clientWidth) !== size.width) soon(); }).observe(stage);
  darkness.addEventListener("change", soon);

  // The same as SVG, with text as text; in the colours of paper.
  const asSvg = () => {
    const theme = THEMES.light;
    const { width, height, w, h } = size;
    const svg = drawing(width, height, points.getAttribute("aria-label"), theme);
    const [xs, ys] = PLOTS[state.plot].of(contrast);
    const calls = callsOf(contrast);
    const plot = draw("g", { transform: `translate(${EDGE.left} ${EDGE.top})` });
    const layers = [[0, theme.other, 1.5], [1, theme.up, 2], [-1, theme.down, 2]];
    for (const [call, color, radius] of layers) {
      const group = draw("g", { fill: color });
      for (const gene of contrast.rows) {
        const [x, y] = place(xs[gene], ys[gene]);
        if (calls[gene] === call && x >= 0 && x <= w && y >= 0 && y <= h) {
          group.append(draw("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: radius }));
        }
      }
      plot.append(group);
    }
    const names = naming(theme, w, h);
    const label = (gene, weight) => {
      const [x, y] = place(xs[gene], ys[gene]);
      if (!(x >= 0 && x <= w && y >= 0 && y <= h)) return;
      plot.append(draw("circle", { cx: x, cy: y, r: 4, fill: "none", stroke: theme.chosen, "stroke-width": 1.2 }));
      names.add(x, y, genes.symbols[gene] || genes.ids[gene], { "font-weight": weight });
    };
    const chosen = genes.placeOf.get(state.gene);
    if (chosen !== undefined && contrast.tested[chosen]) label(chosen, 600);
    for (const gene of state.selected) if (contrast.tested[gene] && gene !== chosen && state.selected.size <= 60) label(gene, 400);
    plot.append(names.group);
    svg.append(plot, draw("rect", { x: EDGE.left, y: EDGE.top, width: w, height: h, fill: "none", stroke: theme.line }));
    for (const tick of ticksOf(view.left, view.right)) {
      svg.append(words(EDGE.left + place(tick, view.low)[0], EDGE.top + h + 16, tickText(tick), { "text-anchor": "middle", fill: theme.soft }));
    }
    for (const tick of ticksOf(view.low, view.high)) {
      svg.append(words(EDGE.left - 6, EDGE.top + place(view.left, tick)[1] + 4, tickText(tick), { "text-anchor": "end", fill: theme.soft }));
    }
    svg.append(words(EDGE.left + w / 2, EDGE.top + h + 35, PLOTS[state.plot].x, { "text-anchor": "middle" }));
    svg.append(words(0, 0, PLOTS[state.plot].y, { "text-anchor": "middle", transform: `translate(13 ${EDGE.top + h / 2}) rotate(-90)` }));
    return svg;
  };
  byId("plot-svg").addEventListener("click", () => saveSvg(asSvg(), `${contrast.name}.${state.plot}`));
  byId("plot-png").addEventListener("click", () => savePng(asSvg(), `${contrast.name}.${state.plot}`));
  return {
    show, redraw, said,
    marks: () => contrast && drawMarks(),
    again: () => { if (contrast) { view = viewOf(contrast, state.plot); redraw(); said(); } },
    zoom,
    // Where a gene stands on the page, for tests and benchmarks.
    placeOf: (gene) => {
      const [xs, ys] = PLOTS[state.plot].of(contrast);
      const [x, y] = place(xs[gene], ys[gene]);
      return [x + EDGE.left, y + EDGE.top];
    },
  };
};
