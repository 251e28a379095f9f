
// ---- what drawings have in common: colours, ticks, SVG that can be saved as it stands
const SVG = "http://www.w3.org/2000/svg";
// Okabe and Ito's colours, which readers with any colour vision tell apart; on dark pages the two darkest are lighter.
const COLORS = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d00", "#56b4e9", "#7f3c8d", "#5f6b76"],
  dark: ["#56b4e9", "#f08c4a", "#2fc59b", "#e3a1c6", "#e6c84c", "#9ad3f7", "#c79bdc", "#a9b4bf"],
};
const THEMES = {
  light: { text: "#1d2329", soft: "#57606a", line: "#d5dbe1", page: "#ffffff", other: "#a9b2bb", up: "#b04500", down: "#0060a0", chosen: "#111111" },
  dark: { text: "#e3e7eb", soft: "#9aa4af", line: "#363d45", page: "#15191d", other: "#59636e", up: "#f29a5c", down: "#74b4f2", chosen: "#ffffff" },
};
const darkness = matchMedia("(prefers-color-scheme: dark)");
const themeName = () => (darkness.matches ? "dark" : "light");
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

const ticksOf = (low, high, most = 6) => {
  const rough = (high - low) / most;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((candidate) => candidate >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k += 1) found.push(Number((k * step).toPrecision(12)));
  return found;
};
const tickText = (value) => minus(String(Number(value.toPrecision(6))));

// An element of SVG with attributes, which a policy without inline styles allows.
const draw = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const drawing = (width, height, label, theme) => {
  const svg = draw("svg", {
    xmlns: SVG, viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label,
    "font-family": FONT, "font-size": 12, fill: theme.text,
  });
  svg.append(draw("rect", { width, height, fill: theme.page }));
  return svg;
};
const words = (x, y, text, attributes = {}) => draw("text", { x, y, ...attributes }, text);
// A name beside points stays legible on them.
const haloed = (theme) => ({ stroke: theme.page, "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke" });

// Names beside points, above all points: each is moved by lines until it covers no other one.
const naming = (theme, width, height) => {
  const group = draw("g", {});
  const taken = [];
  const add = (x, y, text, attributes = {}) => {
    const wide = text.length * 6.6;
    const isLeft = x + 8 + wide > width;
    const left = isLeft ? x - 8 - wide : x + 8;
    const isFree = (line) => line > 8 && line < height && taken.every(([l, t, w]) => l > left + wide || l + w < left || Math.abs(t - line) > 12);
    const line = [4, -9, 17, -22, 30, -35, 43].map((shift) => y + shift).find(isFree) ?? y + 4;
    taken.push([left, line, wide]);
    group.append(words(isLeft ? x - 8 : x + 8, line, text, { "text-anchor": isLeft ? "end" : "start", "font-size": 11, ...haloed(theme), ...attributes }));
  };
  return { group, add };
};

// As wide as its place, so that text keeps its size on a small screen.
const widthOf = (place) => Math.round(Math.max(260, Math.min(560, place.clientWidth || 480)));

// Points of groups keep apart by shape as well as by colour.
const SHAPES = [
  (x, y, r) => ["circle", { cx: x, cy: y, r }],
  (x, y, r) => ["rect", { x: x - r * 0.9, y: y - r * 0.9, width: r * 1.8, height: r * 1.8 }],
  (x, y, r) => ["path", { d: `M${x} ${y - r * 1.2}L${x + r * 1.15} ${y + r * 0.9}H${x - r * 1.15}Z` }],
  (x, y, r) => ["path", { d: `M${x} ${y - r * 1.35}L${x + r * 1.1} ${y}L${x} ${y + r * 1.35}L${x - r * 1.1} ${y}Z` }],
  (x, y, r) => ["path", { d: `M${x} ${y + r * 1.2}L${x + r * 1.15} ${y - r * 0.9}H${x - r * 1.15}Z` }],
  (x, y, r) => ["path", { d: `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`, "stroke-width": 2 }],
];
const mark = (shape, x, y, r, attributes, title) => {
  const [tag, place] = SHAPES[shape % SHAPES.length](x, y, r);
  const element = draw(tag, { ...place, ...attributes });
  if (title) element.append(draw("title", {}, title));
  return element;
};

// A column of the sheet as colours (or shapes) of samples, with what a legend says of them.
const BLANK_LEVEL = "(blank)";
const columnNamed = (name) => data.sheet.find((column) => column.name === name);
const mixed = (from, to, share) => {
  const part = (color, i) => parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16);
  return `#${[0, 1, 2].map((i) => Math.round(part(from, i) + (part(to, i) - part(from, i)) * share).toString(16).padStart(2, "0")).join("")}`;
};
const coloring = (name, theme) => {
  const palette = COLORS[theme === THEMES.dark ? "dark" : "light"];
  const column = columnNamed(name);
  if (!column) return { of: () => palette[0], shapeOf: () => 0, legend: [] };
  if (column.numbers) {
    const numbers = column.numbers.filter((value) => value !== null);
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const ends = theme === THEMES.dark ? ["#3b4a57", "#9ad3f7"] : ["#b9d7ec", "#003a66"];
    const of = (sample) => {
      const value = column.numbers[sample];
      return value === null ? theme.other : mixed(...ends, high > low ? (value - low) / (high - low) : 0.5);
    };
    return { of, shapeOf: () => 0, legend: [[String(low), ends[0], 0], [String(high), ends[1], 0]] };
  }
  // With more levels than colours, the next round of colours has another shape.
  const shapeOf = (i) => Math.floor(i / palette.length) % SHAPES.length;
  const legend = column.levels.map((level, i) => [level || BLANK_LEVEL, palette[i % palette.length], shapeOf(i)]);
  const entry = (sample) => legend[column.codes[sample]];
  return { of: (sample) => entry(sample)[1], shapeOf: (sample) => entry(sample)[2], legend };
};
const shaping = (name) => {
  const column = columnNamed(name);
  if (!column || column.numbers) return null;
  return {
    of: (sample) => column.codes[sample] % SHAPES.length,
    legend: column.levels.map((level, i) => [level || BLANK_LEVEL, i % SHAPES.length]),
  };
};
// Adds a legend below a drawing's left edge and returns how high it is.
const legendRows = (svg, entries, x, y, width) => {
  let [left, top] = [x, y];
  for (const [text, color, shape] of entries) {
    const short = text.length > 26 ? `${text.slice(0, 25)}…` : text;
    const wide = 24 + short.length * 6.6;
    if (left > x && left + wide > x + width) { left = x; top += 18; }
    svg.append(mark(shape, left + 6, top - 4, 4.5, { fill: color, stroke: color }));
    svg.append(words(left + 16, top, short, { "font-size": 11.5 }));
    left += wide;
  }
  return entries.length ? top - y + 18 : 0;
};
const sheetChoices = (noneText) => [...(noneText ? [["", noneText]] : []), ...data.sheet.map((column) => [column.name, column.name])];
const sheetText = (sample) => data.sheet.map((column) => {
  const value = column.numbers ? column.numbers[sample] : column.levels[column.codes[sample]];
  return `${column.name}: ${value === null || value === "" ? NO_VALUE : value}`;
});
const sampleTitle = (sample, ...more) => [
  data.samples[sample], ...more, ...sheetText(sample),
  ...(data.flags[data.samples[sample]] ? [`flagged: ${data.flags[data.samples[sample]]}`] : []),
].join("\n");

// The name of a point under the pointer, at once: the browser's own takes a second.
const tipAt = (tip, stage, event, text) => {
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const box = stage.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  tip.style.left = `${Math.min(Math.max(0, x + 12), Math.max(0, box.width - tip.offsetWidth - 4))}px`;
  tip.style.top = `${y + 14 + tip.offsetHeight > box.height ? Math.max(0, y - tip.offsetHeight - 8) : y + 14}px`;
};
