
// ---- how samples lie to each other: components and distances
const PCA = { left: 52, right: 14, top: 12, height: 320 };

// What the first contrast is about, if it is a column of the sheet.
const firstColumn = () => (columnNamed(data.contrasts[0].factor) || data.sheet[0] || {}).name || "";

const componentsDrawing = (theme, isOnScreen, width = 480) => {
  const kind = data.components.find((one) => one.values === state.values) || data.components[0];
  const [i, j] = [Math.min(Number(state.x), kind.names.length - 1), Math.min(Number(state.y), kind.names.length - 1)];
  const [xs, ys] = [kind.scores[i], kind.scores[j]];
  const colorName = state.pcacolor === "-" ? "" : state.pcacolor || firstColumn();
  const [colors, shapes] = [coloring(colorName, theme), shaping(state.shape)];
  const { left, right, top, height } = PCA;
  const [w, h] = [width - left - right, height];
  const axis = (k) => `${kind.names[k]} (${(kind.fractions[k] * 100).toFixed(1)}% of the variance)`;
  const title = `Principal components of ${kind.values} values: ${kind.names[i]} and ${kind.names[j]} of ${data.samples.length} samples`;
  const svg = drawing(width, 10, title, theme);
  const bounds = (values) => {
    const present = values.filter((value) => value !== null);
    const [low, high] = [Math.min(...present), Math.max(...present)];
    const margin = (high - low || 1) * 0.07;
    return [low - margin, high + margin];
  };
  const [[x0, x1], [y0, y1]] = [bounds(xs), bounds(ys)];
  const across = (value) => left + ((value - x0) / (x1 - x0)) * w;
  const up = (value) => top + h - ((value - y0) / (y1 - y0)) * h;
  for (const tick of ticksOf(x0, x1)) {
    svg.append(draw("line", { x1: across(tick), x2: across(tick), y1: top, y2: top + h, stroke: theme.line, "stroke-width": 0.7 }));
    svg.append(words(across(tick), top + h + 15, tickText(tick), { "text-anchor": "middle", fill: theme.soft, "font-size": 11 }));
  }
  for (const tick of ticksOf(y0, y1)) {
    svg.append(draw("line", { x1: left, x2: left + w, y1: up(tick), y2: up(tick), stroke: theme.line, "stroke-width": 0.7 }));
    svg.append(words(left - 6, up(tick) + 4, tickText(tick), { "text-anchor": "end", fill: theme.soft, "font-size": 11 }));
  }
  svg.append(draw("rect", { x: left, y: top, width: w, height: h, fill: "none", stroke: theme.line }));
  svg.append(words(left + w / 2, top + h + 33, axis(i), { "text-anchor": "middle" }));
  svg.append(words(0, 0, axis(j), { "text-anchor": "middle", transform: `translate(13 ${top + h / 2}) rotate(-90)` }));
  const flagged = [];
  data.samples.forEach((name, sample) => {
    if (xs[sample] === null || ys[sample] === null) return;
    const [x, y] = [across(xs[sample]), up(ys[sample])];
    const isFlagged = Boolean(data.flags[name]);
    const color = colors.of(sample);
    const shape = (shapes || { of: colors.shapeOf }).of(sample);
    svg.append(mark(shape, x, y, 5, {
      fill: color, stroke: isFlagged ? theme.chosen : shape === 5 ? color : theme.page, "stroke-width": isFlagged ? 2 : 1, "data-sample": sample,
    }, isOnScreen ? "" : sampleTitle(sample)));
    if (isFlagged) flagged.push([x, y, name]);
  });
  const names = naming(theme, left + w, top + h);
  flagged.forEach((one) => names.add(...one));
  svg.append(names.group);
  let bottom = top + h + 42;
  const legend = [
    ...colors.legend.map(([text, color, shape]) => [text, color, shapes ? 0 : shape]),
    ...(shapes ? shapes.legend.map(([text, shape]) => [text, theme.text, shape]) : []),
  ];
  bottom += legendRows(svg, legend, left, bottom + 14, w);
  svg.setAttribute("height", bottom + 6);
  svg.setAttribute("viewBox", `0 0 ${width} ${bottom + 6}`);
  svg.firstChild.setAttribute("height", bottom + 6);
  return svg;
};

const setUpComponents = () => {
  const panel = byId("pca");
  const tip = make("div", { className: "tip", hidden: true });
  const kindNow = () => data.components.find((one) => one.values === state.values) || data.components[0];
  const show = () => {
    const names = kindNow().names.map((name, i) => [String(i), name]);
    fill(byId("pca-x"), names);
    fill(byId("pca-y"), names);
    byId("pca-x").value = state.x;
    byId("pca-y").value = state.y;
    panel.replaceChildren(componentsDrawing(THEMES[themeName()], true, widthOf(panel)), tip);
  };
  fill(byId("pca-values"), data.components.map(({ values }) => [values, values]));
  fill(byId("pca-color"), [...sheetChoices(), ["-", "none"]]);
  fill(byId("pca-shape"), [["", "none"], ...data.sheet.filter((column) => column.levels).map(({ name }) => [name, name])]);
  for (const [control, key] of [["pca-values", "values"], ["pca-x", "x"], ["pca-y", "y"], ["pca-color", "pcacolor"], ["pca-shape", "shape"]]) {
    byId(control).addEventListener("change", () => change({ [key]: byId(control).value }));
  }
  const controls = () => {
    byId("pca-values").value = kindNow().values;
    byId("pca-color").value = state.pcacolor || firstColumn() || "-";
    byId("pca-shape").value = state.shape;
  };
  panel.addEventListener("pointermove", (event) => {
    const sample = event.target.dataset ? event.target.dataset.sample : undefined;
    tipAt(tip, panel, event, sample === undefined ? "" : sampleTitle(Number(sample)));
  });
  panel.addEventListener("pointerleave", () => { tip.hidden = true; });
  byId("pca-svg").addEventListener("click", () => saveSvg(componentsDrawing(THEMES.light, false), "components"));
  byId("pca-png").addEventListener("click", () => savePng(componentsDrawing(THEMES.light, false), "components"));
  whenChanged(["values", "x", "y", "pcacolor", "shape"], () => { controls(); show(); });
  darkness.addEventListener("change", show);
  controls();
  show();
};

const setUpDistances = async () => {
  const { distances } = await unpack("distances");
  const n = data.samples.length;
  const [canvas, stage, tip] = [byId("heat"), byId("heat-stage"), byId("heat-tip")];
  const order = byId("heat-order");
  for (const { name, levels } of data.sheet) if (levels) order.append(make("option", { value: name }, name));
  // The upper triangle by rows.
  const between = (a, b) => {
    if (a === b) return 0;
    const [i, j] = a < b ? [a, b] : [b, a];
    return 2 ** (distances[i * n - (i * (i + 1)) / 2 + (j - i - 1)] * data.distances.step) - 1;
  };
  let [least, most] = [Infinity, 0];
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 1; j < n; j += 1) [least, most] = [Math.min(least, between(i, j)), Math.max(most, between(i, j))];
  }
  if (!(least < most)) least = 0;
  let places = data.distances.order;
  let size = null;
  // The colours of the figure of quality control, in both themes: viridis from its bright end.
  const stops = [[253, 231, 37], [94, 201, 98], [33, 145, 140], [59, 82, 139], [68, 1, 84]];
  const colorOf = (share) => {
    const at = Math.min(stops.length - 1.0001, Math.max(0, share * (stops.length - 1)));
    const [a, b] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]];
    return a.map((value, i) => Math.round(value + (b[i] - value) * (at % 1)));
  };
  // Names stand at the left where there are few enough to be read.
  const longest = Math.max(...data.samples.map((name) => Math.min(17, name.length)));
  const edge = n <= 40 ? longest * 6.4 + 10 : 6;
  const heightOf = (width) => Math.min(width - 8, 460) - edge + 34;
  const paint = (context, theme, width) => {
    const hasNames = n <= 40;
    const end = heightOf(width) - 34;
    const cell = end / n;
    context.fillStyle = theme.page;
    context.fillRect(0, 0, width, end + 34);
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j < n; j += 1) {
        const [r, g, b] = colorOf((between(places[i], places[j]) - least) / (most - least || 1));
        context.fillStyle = i === j ? theme.line : `rgb(${r},${g},${b})`;
        context.fillRect(edge + j * cell, i * cell, cell + 0.6, cell + 0.6);
      }
    }
    context.fillStyle = theme.text;
    context.font = `${Math.min(11, Math.max(7, cell - 1))}px ${FONT}`;
    context.textAlign = "right";
    if (hasNames) {
      places.forEach((sample, i) => {
        const name = data.samples[sample];
        context.fillText(name.length > 17 ? `${name.slice(0, 16)}…` : name, edge - 4, (i + 0.5) * cell + 3.5);
      });
    }
    const bar = Math.min(160, end);
    for (let k = 0; k < bar; k += 1) {
      const [r, g, b] = colorOf(k / bar);
      context.fillStyle = `rgb(${r},${g},${b})`;
      context.fillRect(edge + k, end + 8, 1.5, 8);
    }
    context.fillStyle = theme.soft;
    context.font = `11px ${FONT}`;
    context.textAlign = "left";
    context.fillText(least.toFixed(0), edge, end + 29);
    context.textAlign = "right";
    context.fillText(most.toFixed(0), edge + bar, end + 29);
    return { edge, cell };
  };
  const show = () => {
    const width = Math.max(220, stage.clientWidth);
    const scale = Math.min(2, devicePixelRatio || 1);
    const height = heightOf(width);
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    size = paint(context, THEMES[themeName()], width);
    canvas.setAttribute("aria-label", `Distances between ${n} samples, from ${least.toFixed(1)} to ${most.toFixed(1)}`);
  };
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const [j, i] = [(event.clientX - box.left - size.edge) / size.cell, (event.clientY - box.top) / size.cell].map(Math.floor);
    const isIn = i >= 0 && i < n && j >= 0 && j < n;
    const said = isIn ? `${data.samples[places[i]]} and ${data.samples[places[j]]}: ${between(places[i], places[j]).toFixed(1)}` : "";
    const groups = isIn ? data.sheet.map(({ name }, k) => `${name}: ${sheetText(places[i])[k].slice(name.length + 2)} | ${sheetText(places[j])[k].slice(name.length + 2)}`) : [];
    tipAt(tip, stage, event, [said, ...groups].join("\n").trim());
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  order.addEventListener("change", () => {
    const column = columnNamed(order.value);
    const rank = new Map(data.distances.order.map((sample, i) => [sample, i]));
    places = column
      ? [...data.distances.order].sort((a, b) => column.codes[a] - column.codes[b] || rank.get(a) - rank.get(b))
      : data.distances.order;
    show();
  });
  const pairs = [];
  for (let i = 0; i < n; i += 1) {
    let [near, nearest] = [-1, Infinity];
    for (let j = 0; j < n; j += 1) if (j !== i && between(i, j) < nearest) { near = j; nearest = between(i, j); }
    pairs.push([i, near, nearest]);
  }
  pairs.sort((a, b) => b[2] - a[2]);
  if (pairs.length && pairs[0][1] >= 0) {
    byId("heat-said").textContent = `Euclidean distances of transformed values; yellow is near. Farthest from its nearest neighbour: ${data.samples[pairs[0][0]]} (${pairs[0][2].toFixed(1)} from ${data.samples[pairs[0][1]]}).`;
  }
  byId("heat-png").addEventListener("click", () => {
    const width = 468;
    const paper = make("canvas", { width: width * 3, height: heightOf(width) * 3 });
    const context = paper.getContext("2d");
    context.setTransform(3, 0, 0, 3, 0, 0);
    paint(context, THEMES.light, width);
    paper.toBlob((blob) => save(blob, fileName("distances.png")));
  });
  new ResizeObserver(() => { if (canvas.width !== Math.max(220, stage.clientWidth) * Math.min(2, devicePixelRatio || 1)) show(); }).observe(stage);
  darkness.addEventListener("change", show);
  show();
};
