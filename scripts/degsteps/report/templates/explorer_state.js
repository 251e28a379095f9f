
// ---- what is shown: one state, kept in the address, and who wants to know of its changes
const byId = (name) => document.getElementById(`x-${name}`);
const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};
const fill = (select, pairs) => select.replaceChildren(...pairs.map(([value, text]) => make("option", { value }, text)));

const NO_VALUE = "–";
const minus = (text) => text.replace("-", "−");
const thousands = new Intl.NumberFormat("en-US");
const grouped = (n) => thousands.format(n);
// As in the page's own numbers, with a digit less where values are rounded; p-values come as -log10.
const formats = {
  text: (value) => value,
  mean: (value) => (value < 100 ? value.toFixed(1) : grouped(Number(value.toPrecision(4)))),
  fold: (value) => minus(value.toFixed(2)),
  p: (log) => {
    if (log === Infinity) return minus("< 1e-300");
    if (log <= 3) return (10 ** -log).toPrecision(3);
    const exponent = Math.ceil(log);
    const mantissa = (10 ** (exponent - log)).toFixed(1);
    return minus(mantissa === "10.0" ? `1.0e-${exponent - 1}` : `${mantissa}e-${exponent}`);
  },
};
const shown = (value, kind) => (kind !== "text" && Number.isNaN(value) ? NO_VALUE : formats[kind](value));

const DEFAULTS = {
  contrast: data.contrasts[0].name, gene: "", p: String(data.alpha), fold: String(data.minFold || 0), plot: "volcano",
  show: "all", sort: "pvalue", down: "", group: "", color: "", values: "", x: "0", y: "1", pcacolor: "", shape: "",
};
const state = { ...DEFAULTS, selected: new Set() };
const MARK = "#explore&";
const MOST_IN_ADDRESS = 200;
const listeners = [];
const whenChanged = (keys, listener) => listeners.push([new Set(keys), listener]);

let ids = [];
let pending = null;
const address = () => {
  const parts = Object.keys(DEFAULTS).filter((key) => state[key] !== DEFAULTS[key])
    .map((key) => `${key}=${encodeURIComponent(state[key])}`);
  if (state.selected.size && state.selected.size <= MOST_IN_ADDRESS) {
    parts.push(`selected=${[...state.selected].map((gene) => encodeURIComponent(ids[gene])).join(",")}`);
  }
  return parts.length ? MARK + parts.join("&") : "#explore";
};
const keepInAddress = () => {
  clearTimeout(pending);
  pending = setTimeout(() => {
    try {
      history.replaceState(null, "", address());
    } catch {
      // Some browsers refuse this to pages that are opened as files: the state is then not kept.
    }
  }, 150);
};
// Tells those who asked for one of the changed keys, once each.
const change = (changes, isKept = true) => {
  const keys = Object.keys(changes).filter((key) => key === "selected" || state[key] !== changes[key]);
  Object.assign(state, changes);
  if (isKept && keys.length) keepInAddress();
  for (const [wanted, listener] of listeners) if (keys.some((key) => wanted.has(key))) listener(keys);
};
const readAddress = () => {
  if (!location.hash.startsWith(MARK)) return null;
  const found = {};
  for (const part of location.hash.slice(MARK.length).split("&")) {
    const [key, value = ""] = part.split("=");
    try {
      if (key in DEFAULTS) found[key] = decodeURIComponent(value);
      if (key === "selected") found.selected = value.split(",").map(decodeURIComponent);
    } catch {
      // A broken address is read as far as it can be.
    }
  }
  return found;
};

// The thresholds as they are compared: -log10 of p, and the absolute fold change. None of p calls whatever has one.
const limits = () => {
  const p = Number(state.p);
  const fold = Number(state.fold);
  return { log: state.p === "" || !(p > 0) || p > 1 ? -1 : -Math.log10(p), fold: fold > 0 ? fold : 0 };
};
// 1 for a called gene that is up, -1 for one that is down, 0 for others.
const callsOf = (contrast) => {
  const { log, fold } = limits();
  const key = `${contrast.number} ${log} ${fold}`;
  if (callsOf.key !== key) {
    const padj = contrast.values("padj");
    const folds = contrast.values("log2_fold_change");
    const calls = new Int8Array(padj.length);
    for (let gene = 0; gene < padj.length; gene += 1) {
      if (padj[gene] > log && Math.abs(folds[gene]) >= fold) calls[gene] = Math.sign(folds[gene]);
    }
    callsOf.key = key;
    callsOf.calls = calls;
  }
  return callsOf.calls;
};
