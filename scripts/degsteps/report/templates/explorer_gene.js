
// ---- the chosen gene: its samples, its fold changes in every contrast, its sets, or why it was not tested
const STRIP = { left: 58, right: 12, top: 12, height: 210 };

// A place between -1 and 1 for each sample of a group, always the same.
const spread = (k) => ((k * 0.618034 + 0.31) % 1) * 2 - 1;

const stripDrawing = (title, samples, groupName, colorName, theme, isOnScreen, least = 480) => {
  const column = columnNamed(groupName);
  const colors = coloring(colorName, theme);
  const isNumeric = Boolean(column && column.numbers);
  const of = samples.filter(([sample]) => !isNumeric || column.numbers[sample] !== null);
  const logs = of.map(([, value]) => Math.log10(value + 1));
  const { left, right, top, height } = STRIP;
  const levels = isNumeric ? [] : column ? column.levels.map((level, i) => [level || BLANK_LEVEL, i]).filter(([, i]) => of.some(([s]) => column.codes[s] === i)) : [["all samples", 0]];
  const width = Math.max(least, levels.length * 30 + left + right);
  const isSteep = levels.some(([level]) => level.length * 6.5 > (width - left - right) / levels.length);
  const below = isNumeric ? 44 : isSteep ? 16 + Math.min(22, Math.max(...levels.map(([level]) => level.length))) * 4.7 : 40;
  const svg = drawing(width, 10, title, theme);
  const [w, h] = [width - left - right, height];
  const most = Math.max(...logs, 0.3) * 1.06;
  const up = (value) => top + h - (value / most) * h;
  svg.append(draw("rect", { x: left, y: top, width: w, height: h, fill: "none", stroke: theme.line }));
  const marks = most < 1.3 ? [0, 1, 2, 5, 10, 20] : [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
  for (const count of marks) {
    const y = up(Math.log10(count + 1));
    if (y < top) break;
    svg.append(draw("line", { x1: left, x2: left + w, y1: y, y2: y, stroke: theme.line, "stroke-width": 0.7 }));
    svg.append(words(left - 6, y + 4, grouped(count), { "text-anchor": "end", fill: theme.soft, "font-size": 11 }));
  }
  svg.append(words(0, 0, "Normalised count", { "text-anchor": "middle", transform: `translate(12 ${top + h / 2}) rotate(-90)` }));
  const points = draw("g", {});
  const flagged = [];
  const point = (sample, x, value) => {
    const isFlagged = Boolean(data.flags[data.samples[sample]]);
    const y = up(Math.log10(value + 1));
    const title = isOnScreen ? "" : sampleTitle(sample, `normalised count ${formats.mean(value)}`);
    const shape = colors.shapeOf(sample);
    const element = mark(shape, x, y, 4.2, {
      fill: colors.of(sample), stroke: shape === 5 ? colors.of(sample) : isFlagged ? theme.chosen : theme.page, "stroke-width": isFlagged ? 1.8 : 0.8, "data-sample": sample,
    }, title);
    points.append(element);
    if (isFlagged) flagged.push([x, y, data.samples[sample]]);
  };
  if (isNumeric) {
    const numbers = of.map(([sample]) => column.numbers[sample]);
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const across = (value) => left + 10 + (high > low ? (value - low) / (high - low) : 0.5) * (w - 20);
    for (const tick of ticksOf(low, high)) svg.append(words(across(tick), top + h + 16, tickText(tick), { "text-anchor": "middle", fill: theme.soft, "font-size": 11 }));
    svg.append(words(left + w / 2, top + h + 34, groupName, { "text-anchor": "middle" }));
    for (const [sample, value] of of) point(sample, across(column.numbers[sample]), value);
  } else {
    const step = w / levels.length;
    levels.forEach(([level, code], i) => {
      const own = of.filter(([sample]) => !column || column.codes[sample] === code);
      const middle = left + (i + 0.5) * step;
      const mean = own.reduce((sum, [, value]) => sum + Math.log10(value + 1), 0) / own.length;
      svg.append(draw("line", { x1: middle - step * 0.34, x2: middle + step * 0.34, y1: up(mean), y2: up(mean), stroke: theme.soft, "stroke-width": 1.6 }));
      const width = Math.min(step * 0.3, 26);
      own.forEach(([sample, value], k) => point(sample, middle + (own.length > 1 ? spread(k) * width : 0), value));
      const short = level.length > 22 ? `${level.slice(0, 21)}…` : level;
      svg.append(isSteep
        ? words(0, 0, short, { "text-anchor": "end", "font-size": 11, transform: `translate(${middle + 4} ${top + h + 14}) rotate(-38)` })
        : words(middle, top + h + 17, short, { "text-anchor": "middle" }));
      if (!isSteep) svg.append(words(middle, top + h + 32, step < 36 ? `(${own.length})` : `n = ${own.length}`, { "text-anchor": "middle", fill: theme.soft, "font-size": 10.5 }));
    });
  }
  const names = naming(theme, left + w, top + h);
  flagged.forEach((one) => names.add(...one));
  svg.append(points, names.group);
  let bottom = top + h + below;
  if (colorName && colorName !== groupName) bottom += legendRows(svg, colors.legend, left, bottom + 14, w);
  svg.setAttribute("height", bottom + 6);
  svg.setAttribute("width", width);
  svg.setAttribute("viewBox", `0 0 ${width} ${bottom + 6}`);
  svg.firstChild.setAttribute("height", bottom + 6);
  return svg;
};

const foldsDrawing = (label, rows, current, theme, width) => {
  const longest = Math.max(...rows.map(({ name }) => name.length));
  const [left, right, height] = [Math.min(width * 0.4, longest * 6.6 + 16), 12, 22];
  const fits = Math.floor((left - 12) / 6.3);
  const ends = rows.flatMap(({ fold, half }) => (Number.isNaN(fold) ? [] : [fold - (half || 0), fold + (half || 0)])).filter(Number.isFinite);
  const most = Math.max(0.5, ...ends.map(Math.abs)) * 1.05;
  const across = (value) => left + ((value + most) / (2 * most)) * (width - left - right);
  const bottom = rows.length * height + 8;
  const svg = drawing(width, bottom + 40, label, theme);
  for (const tick of ticksOf(-most, most, 5)) {
    svg.append(draw("line", { x1: across(tick), x2: across(tick), y1: 4, y2: bottom, stroke: tick === 0 ? theme.soft : theme.line, "stroke-width": tick === 0 ? 1.2 : 0.7 }));
    svg.append(words(across(tick), bottom + 15, tickText(tick), { "text-anchor": "middle", fill: theme.soft, "font-size": 11 }));
  }
  svg.append(words((left + width - right) / 2, bottom + 33, "log2 fold change, 95% confidence interval", { "text-anchor": "middle", "font-size": 11.5 }));
  rows.forEach(({ name, number, fold, half, call, state: text, padj }, i) => {
    const y = 6 + (i + 0.5) * height;
    const short = name.length > fits ? `${name.slice(0, fits - 1)}…` : name;
    const group = draw("g", { "data-contrast": number });
    group.append(draw("rect", { x: 0, y: y - height / 2, width, height, fill: number === current ? theme.line : theme.page, "fill-opacity": number === current ? 0.5 : 0 }));
    group.append(draw("title", {}, `${name}\n${text || `log2 fold change ${shown(fold, "fold")}, adjusted p ${shown(padj, "p")}`}`));
    group.append(words(left - 8, y + 4, short, { "text-anchor": "end", "font-size": 11.5, "font-weight": number === current ? 600 : 400 }));
    if (Number.isNaN(fold)) group.append(words(across(0) + 8, y + 4, text, { fill: theme.soft, "font-size": 11 }));
    else {
      const color = call > 0 ? theme.up : call < 0 ? theme.down : theme.soft;
      if (half) group.append(draw("line", { x1: across(fold - half), x2: across(fold + half), y1: y, y2: y, stroke: color, "stroke-width": 2 }));
      group.append(mark(0, across(fold), y, 4.2, { fill: call ? color : theme.page, stroke: color, "stroke-width": 1.6 }));
    }
    svg.append(group);
  });
  return svg;
};

const setUpGene = (genes) => {
  const [panel, strip, folds, setList] = [byId("gene"), byId("strip"), byId("folds"), byId("sets")];
  const tools = byId("strip-tools");
  let turn = 0;
  let current = null;
  const place = () => genes.placeOf.get(state.gene);

  // Why a gene is not in a set of samples' tables, from its account.
  const reasonOf = async (gene, subset) => {
    const entry = data.account.filter.find((one) => one.subset === subset);
    if (!entry) return "";
    const arrays = await unpack("account");
    return entry.levels[arrays[`reason ${subset}`][gene]];
  };
  const totalOf = async (gene) => {
    const entry = data.account.filter.find((one) => one.step);
    const arrays = entry ? await unpack("account") : {};
    return arrays.total && arrays.total[gene] !== MISSING_CODE ? 2 ** (arrays.total[gene] * entry.step) - 1 : NaN;
  };
  const ingestOf = (gene) => data.account.ingest.filter(([id]) => id === genes.ids[gene])
    .map(([, rows, status, reason]) => `${rows} row${rows === 1 ? "" : "s"} of the counts: ${status}${reason ? `, ${reason}` : ""}`);

  const accountOf = async (gene, contrast) => {
    if (gene < data.genes && contrast.tested[gene]) {
      const reason = contrast.columns.na_reason ? contrast.columns.na_reason.levels[contrast.columns.na_reason.codes[gene]] : "";
      return reason ? `Tested, but without an adjusted p-value: ${data.naReasons[reason] || reason}.` : "";
    }
    const reason = await reasonOf(gene, contrast.subset);
    const total = await totalOf(gene);
    const where = contrast.subset ? ` in the samples of ${contrast.subset}` : "";
    const reads = Number.isNaN(total) ? "" : ` It has ${total < 0.5 ? "no" : `about ${formats.mean(Math.round(total))}`} reads in all samples together.`;
    return `Not tested${where}: ${reason ? `left out by the filter, ${reason}` : "it is not among the genes of this contrast"}.${reads}`;
  };

  const facts = (gene, contrast) => {
    const list = make("dl", { className: "facts" });
    for (const { name, label, kind } of contrast.described) {
      const column = contrast.columns[name];
      const text = kind === "text" ? column.levels[column.codes[gene]] : shown(contrast.values(name)[gene], kind);
      if (text !== "" && name !== "na_reason") list.append(make("div", {}, make("dt", {}, label), make("dd", {}, text)));
    }
    return list;
  };

  const showStrip = (gene, contrast, samples) => {
    tools.hidden = !samples.length;
    if (!samples.length) { strip.replaceChildren(); return; }
    const groupName = state.group || contrast.factor || (data.sheet[0] || {}).name || "";
    const colorName = state.color || groupName;
    byId("group").value = groupName;
    byId("color").value = colorName;
    const title = `Normalised counts of ${genes.symbols[gene] || genes.ids[gene]} in ${samples.length} samples by ${groupName}`;
    current = { title, samples, groupName, colorName, name: genes.symbols[gene] || genes.ids[gene] };
    strip.replaceChildren(stripDrawing(title, samples, groupName, colorName, THEMES[themeName()], true, widthOf(strip)), tip);
  };
  const tip = make("div", { className: "tip", hidden: true });
  strip.addEventListener("pointermove", (event) => {
    const sample = event.target.dataset ? event.target.dataset.sample : undefined;
    if (sample === undefined) { tip.hidden = true; return; }
    const [, value] = current.samples.find(([one]) => one === Number(sample));
    tipAt(tip, strip, event, sampleTitle(Number(sample), `normalised count ${formats.mean(value)}`));
  });
  strip.addEventListener("pointerleave", () => { tip.hidden = true; });

  const showFolds = async (gene, contrast, mine) => {
    const rows = [];
    const { log } = limits();
    for (let number = 0; number < data.contrasts.length; number += 1) {
      const other = await contrastOf(number);
      if (mine !== turn) return;
      const isTested = gene < data.genes && other.tested[gene];
      const fold = isTested ? other.values("log2_fold_change")[gene] : NaN;
      const padj = isTested ? other.values("padj")[gene] : NaN;
      const half = isTested ? other.halfOf(gene) : NaN;
      rows.push({
        name: other.name, number, fold, padj, half: Number.isNaN(half) ? 0 : half,
        call: padj > log ? Math.sign(fold) : 0, state: Number.isNaN(fold) ? (isTested ? "no estimate" : "not tested") : "",
      });
    }
    if (!rows.some(({ fold }) => !Number.isNaN(fold))) { folds.replaceChildren(); return; }
    const label = `log2 fold changes of ${genes.symbols[gene] || genes.ids[gene]} in ${rows.length} contrast${rows.length === 1 ? "" : "s"}`;
    const picture = foldsDrawing(label, rows, contrast.number, THEMES[themeName()], widthOf(folds));
    folds.replaceChildren(make("h4", {}, rows.length > 1 ? "In all contrasts" : "Fold change"), make("div", { className: "tall-box", tabIndex: 0, role: "region", "aria-label": label }, picture));
  };
  folds.addEventListener("click", (event) => {
    const group = event.target.closest("[data-contrast]");
    if (group) change({ contrast: data.contrasts[Number(group.dataset.contrast)].name });
  });

  const MOST_SETS = 40;
  const showSets = async (gene, contrast, mine) => {
    const parts = [];
    for (const { key, title } of data.collections) {
      const blob = await unpack(`sets ${key}`);
      if (mine !== turn) return;
      const [setIds, titles] = once(`set names ${key}`, () => [blob.ids.split("\n"), blob.titles.split("\n")]);
      const said = contrast.sets[key];
      const found = [];
      let k = 0;
      for (let set = 0; set < setIds.length; set += 1) {
        let member = 0;
        for (let i = 0; i < blob.sizes[set]; i += 1, k += 1) {
          member += blob.members[k];
          if (member === gene) found.push(set);
        }
      }
      const codes = said ? blob[`p ${contrast.name}`] : null;
      const log = (set) => (codes && codes[set] !== MISSING_CODE ? decoders.p(codes[set], said.step) : NaN);
      found.sort((a, b) => (log(b) || -1) - (log(a) || -1) || a - b);
      if (!found.length) continue;
      const items = found.slice(0, MOST_SETS).map((set) => {
        const way = said ? said.levels[blob[`way ${contrast.name}`][set]] : "";
        const p = Number.isNaN(log(set)) ? "" : ` · ${way ? `${way}, ` : ""}adjusted p ${shown(log(set), "p")}`;
        return make("li", {}, titles[set] || setIds[set], make("span", { className: "hint" }, p));
      });
      const rest = found.length - items.length;
      if (rest > 0) items.push(make("li", { className: "hint" }, `and ${rest} more`));
      const method = said ? ` (${said.method} test in ${contrast.name})` : "";
      parts.push(make("details", { open: parts.length === 0 }, make("summary", {}, `${title}: ${found.length} set${found.length === 1 ? "" : "s"}${method}`), make("ul", { className: "sets" }, ...items)));
    }
    setList.replaceChildren(...(parts.length ? [make("h4", {}, "Gene sets"), ...parts] : []));
  };

  const show = async (contrast) => {
    turn += 1;
    const mine = turn;
    const gene = place();
    if (gene === undefined) return;
    const symbol = genes.symbols[gene];
    byId("gene-title").replaceChildren(symbol || genes.ids[gene], ...(symbol ? [" ", make("small", {}, genes.ids[gene])] : []));
    const isTested = gene < data.genes && contrast.tested[gene];
    const account = await accountOf(gene, contrast);
    const samples = await countsOf(gene, contrast.subset);
    if (mine !== turn) return;
    panel.replaceChildren(
      ...(genes.names[gene] ? [make("p", {}, genes.names[gene])] : []),
      ...(account ? [make("p", { className: "reason" }, account)] : []),
      ...ingestOf(gene).map((text) => make("p", { className: "hint" }, text)),
      ...(isTested ? [facts(gene, contrast)] : []),
    );
    showStrip(gene, contrast, samples);
    await showFolds(gene, contrast, mine);
    if (mine === turn) await showSets(gene, contrast, mine);
  };
  const printed = () => stripDrawing(current.title, current.samples, current.groupName, current.colorName, THEMES.light, false);
  byId("strip-svg").addEventListener("click", () => saveSvg(printed(), `${current.name}.samples`));
  byId("strip-png").addEventListener("click", () => savePng(printed(), `${current.name}.samples`));
  fill(byId("group"), sheetChoices());
  fill(byId("color"), sheetChoices());
  byId("group").addEventListener("change", () => change({ group: byId("group").value }));
  byId("color").addEventListener("change", () => change({ color: byId("color").value }));
  return { show };
};
