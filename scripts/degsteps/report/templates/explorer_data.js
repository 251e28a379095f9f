
// ---- packed arrays: unpacked when they are first needed, see explorer_coding.py
const MISSING_CODE = 65535;
const ZERO_CODE = 65534;
const MISSING_WIDTH = 255;
const holder = document.getElementById("explore");
// A page without tested genes has no explorer; a browser without DecompressionStream shows the page without it.
if (!holder || typeof DecompressionStream === "undefined") return;
const data = JSON.parse(document.getElementById("explorer-data").textContent);

const bytesOf = (text) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const words = atob(text);
  const bytes = new Uint8Array(words.length);
  for (let i = 0; i < words.length; i += 1) bytes[i] = words.charCodeAt(i);
  return bytes;
};

// Bytes of the same weight stand together, the heaviest first.
const joined = (bytes, width, n) => {
  if (width === 1) return bytes;
  const values = width === 2 ? new Uint16Array(n) : new Uint32Array(n);
  for (let plane = 0; plane < width; plane += 1) {
    const start = plane * n;
    for (let i = 0; i < n; i += 1) values[i] = (values[i] << 8) | bytes[start + i];
  }
  return values;
};

const unpackNow = async (name) => {
  const element = holder.querySelector(`script[data-blob="${CSS.escape(name)}"]`);
  const stream = new Blob([bytesOf(element.textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const arrays = {};
  let start = 0;
  for (const [array, width, n] of data.layouts[name]) {
    const part = bytes.subarray(start, start + n * (width || 1));
    start += n * (width || 1);
    arrays[array] = width === 0 ? new TextDecoder().decode(part) : joined(part, width, n);
  }
  return arrays;
};

const memory = new Map();
const once = (key, make) => {
  if (!memory.has(key)) memory.set(key, make());
  return memory.get(key);
};
const unpack = (name) => once(`blob ${name}`, () => unpackNow(name));

// Places of values in rising order of their keys; equal keys keep their order. Native sorting of numbers is ten times as
// fast as sorting with a comparison, and a key with its place in the lowest 20 bits is one number.
const PLACES = 2 ** 20;
const orderOf = (keys) => {
  const numbers = new Float64Array(keys.length);
  for (let i = 0; i < keys.length; i += 1) numbers[i] = keys[i] * PLACES + i;
  numbers.sort();
  const order = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i += 1) order[i] = numbers[i] % PLACES;
  return order;
};

// Adjusted p-values are packed as differences in the order of p-values.
const undone = (differences, keys) => {
  const codes = new Uint16Array(differences.length);
  let sum = 0;
  orderOf(keys).forEach((place, i) => {
    sum = (sum + differences[i]) & 0xffff;
    codes[place] = sum;
  });
  return codes;
};

// p-values are kept as -log10: what is smaller than any number is infinite.
const decoders = {
  fold: (code, step) => (code - 32767) * step,
  p: (code, step) => (code === ZERO_CODE ? Infinity : (code * step) * (code * step)),
  mean: (code, step) => 2 ** (code * step) - 1,
};
const decoded = (codes, kind, step) => {
  const values = new Float64Array(codes.length);
  const decode = decoders[kind];
  for (let i = 0; i < codes.length; i += 1) values[i] = codes[i] === MISSING_CODE ? NaN : decode(codes[i], step);
  return values;
};

// A contrast: its columns as codes, and as numbers where they are asked for.
const contrastNow = async (number) => {
  const described = data.contrasts[number];
  const own = await unpack(`contrast ${number}`);
  const columns = {};
  for (const column of described.columns) {
    const arrays = column.blob ? await unpack(column.blob) : own;
    let codes = arrays[column.name];
    if (column.along) codes = undone(codes, columns[column.along].codes);
    columns[column.name] = { ...column, codes };
  }
  const rows = [];
  own.tested.forEach((is, gene) => { if (is) rows.push(gene); });
  return {
    number,
    ...described,
    described: described.columns,
    columns,
    tested: own.tested,
    rows: Uint32Array.from(rows),
    values: (name) => once(`values ${number} ${name}`, () => {
      const column = columns[name];
      return column ? decoded(column.codes, column.kind, column.step) : null;
    }),
    // Half the width of the confidence interval; NaN where there is none.
    halfOf: (gene) => {
      if (!described.half || own.half[gene] === MISSING_WIDTH) return NaN;
      return 2 ** (described.half.least + own.half[gene] * described.half.step);
    },
  };
};
const contrastOf = (number) => once(`contrast ${number}`, () => contrastNow(number));

// Ids, symbols and names: of tested genes, and behind them of those that the filter left out everywhere.
const genesNow = async () => {
  const blob = await unpack("genes");
  const lines = (text) => (text === "" && data.genes + data.others === 0 ? [] : text.split("\n"));
  const [ids, symbols, names] = [lines(blob.ids), lines(blob.symbol), lines(blob.name)];
  return { ids, symbols, names, placeOf: new Map(ids.map((id, gene) => [id, gene])) };
};

// Normalised counts of one gene in the samples of a set: [sample, value].
const countsOf = async (gene, subset) => {
  const place = data.subsets[subset];
  if (!place || !data.layouts.counts || gene >= data.genes) return [];
  const { counts } = await unpack("counts");
  const width = data.samples.length + 1;
  const middle = counts[gene * width];
  return place.samples.map((sample, i) => {
    const code = (middle + counts[gene * width + 1 + sample]) & 0xff;
    return [sample, (2 ** (code / data.stepsPerDoubling) - 1) / 2 ** place.log2Factors[i]];
  });
};
