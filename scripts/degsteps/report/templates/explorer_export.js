
// ---- what leaves the page: files that the browser saves
const fileName = (name) => `${data.name}.${data.version}.${name}`.replace(/[^A-Za-z0-9._-]+/g, "_");
const save = (blob, name) => {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};
const svgText = (svg) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}\n`;
const saveSvg = (svg, name) => save(new Blob([svgText(svg)], { type: "image/svg+xml" }), fileName(`${name}.svg`));
const savePng = (svg, name) => {
  const [width, height] = ["width", "height"].map((side) => Number(svg.getAttribute(side)));
  const image = new Image();
  image.addEventListener("load", () => {
    const canvas = make("canvas", { width: width * 3, height: height * 3 });
    const context = canvas.getContext("2d");
    context.setTransform(3, 0, 0, 3, 0, 0);
    context.drawImage(image, 0, 0, width, height);
    canvas.toBlob((blob) => save(blob, fileName(`${name}.png`)));
  });
  // The policy lets the page show images of its own as data.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(svg))}`;
};

// A cell of CSV: quoted where it must be, and what a spreadsheet would take for a formula stays text.
const csvCell = (text) => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const csvNumber = (value, kind) => {
  if (Number.isNaN(value)) return "";
  if (kind !== "p") return String(Number(value.toPrecision(kind === "mean" ? 4 : 5)));
  if (value === Infinity) return "0";
  const exponent = Math.ceil(value);
  return value <= 3 ? String(Number((10 ** -value).toPrecision(3))) : `${(10 ** (exponent - value)).toPrecision(3)}e-${exponent}`;
};
const csvOf = (contrast, columns, genes) => [
  ["contrast", ...columns.map((column) => column.name)].join(","),
  ...Array.from(genes, (gene) => [
    csvCell(contrast.name),
    ...columns.map((column) => (column.kind === "text" ? csvCell(column.of(gene)) : csvNumber(column.of(gene), column.kind))),
  ].join(",")),
].join("\r\n") + "\r\n";
