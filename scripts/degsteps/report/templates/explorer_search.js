
// ---- finding a gene: by id, symbol or name; genes that were filtered out are found too
const MOST_FOUND = 40;
const LONGEST = 24;
// Whole symbols and ids first, then beginnings (short ones first), then parts, then names that hold every word. Genes
// are in the order of their places, so that tested ones come before the others.
const finding = (genes, words) => {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return { first: [], n: 0 };
  const [ids, symbols, names] = once("lower case", () => [genes.ids, genes.symbols, genes.names].map(
    (texts) => texts.map((text) => text.toLowerCase()),
  ));
  const parts = wanted.split(/\s+/);
  const whole = [];
  const begun = Array.from({ length: LONGEST + 1 }, () => []);
  const within = [];
  const named = [];
  let n = 0;
  // Of each kind no more are kept than can be shown; all are counted.
  const keep = (list, gene) => {
    n += 1;
    if (list.length < MOST_FOUND) list.push(gene);
  };
  for (let gene = 0; gene < ids.length; gene += 1) {
    const id = ids[gene];
    const symbol = symbols[gene];
    const inId = id.indexOf(wanted);
    const inSymbol = symbol.indexOf(wanted);
    if (inId >= 0 || inSymbol >= 0) {
      if (id === wanted || symbol === wanted) keep(whole, gene);
      else if (inId === 0 || inSymbol === 0) keep(begun[Math.min(LONGEST, (symbol || id).length)], gene);
      else keep(within, gene);
    } else if (parts.every((part) => names[gene].includes(part))) keep(named, gene);
  }
  return { first: [...whole, ...begun.flat(), ...within, ...named].slice(0, MOST_FOUND), n };
};

const setUpSearch = (genes) => {
  const input = byId("find");
  const list = byId("found");
  let [offers, active] = [[], -1];
  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (gene) => {
    input.value = genes.symbols[gene] || genes.ids[gene];
    close();
    change({ gene: genes.ids[gene] });
  };
  const point = (next, isMoved) => {
    active = next;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
    if (active < 0) return;
    const option = list.children[active];
    input.setAttribute("aria-activedescendant", option.id);
    if (isMoved) option.scrollIntoView({ block: "nearest" });
  };
  const offer = () => {
    const { first, n } = finding(genes, input.value);
    offers = first;
    const options = offers.map((gene, i) => make(
      "li", { role: "option", id: `x-found-${i}`, "aria-selected": "false" },
      make("strong", {}, genes.symbols[gene] || genes.ids[gene]),
      ` ${genes.symbols[gene] ? genes.ids[gene] : ""} `,
      make("span", { className: "hint" }, gene < data.genes ? genes.names[gene] : `not tested · ${genes.names[gene]}`),
    ));
    options.forEach((option, i) => option.addEventListener("mousedown", (event) => {
      event.preventDefault();
      choose(offers[i]);
    }));
    const rest = n - offers.length;
    if (input.value.trim() && (rest > 0 || !n)) {
      const text = n ? `and ${grouped(rest)} more: type on` : "No gene of the counts has this id, symbol or name.";
      options.push(make("li", { role: "option", "aria-disabled": "true", className: "hint" }, text));
    }
    list.replaceChildren(...options);
    list.hidden = !options.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    point(offers.length ? 0 : -1);
  };
  input.addEventListener("input", offer);
  input.addEventListener("focus", () => { if (input.value.trim()) { input.select(); } });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      event.preventDefault();
      if (list.hidden) offer();
      else if (offers.length) point((active + steps[event.key] + offers.length) % offers.length, true);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (list.hidden) offer();
      if (active >= 0) choose(offers[active]);
    } else if (event.key === "Escape") close();
  });
};

// Genes of a pasted list: ids as they stand, with or without their version, or symbols.
const genesOfList = (text, genes) => {
  const key = (word) => word.toLowerCase();
  const byName = once("names", () => {
    const found = new Map();
    const add = (word, gene) => { if (word && !found.has(key(word))) found.set(key(word), gene); };
    for (let gene = 0; gene < data.genes; gene += 1) add(genes.ids[gene], gene);
    for (let gene = 0; gene < data.genes; gene += 1) add(genes.ids[gene].replace(/\.\d+$/, ""), gene);
    for (let gene = 0; gene < data.genes; gene += 1) add(genes.symbols[gene], gene);
    return found;
  });
  const parts = [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
  const found = new Set();
  const missing = [];
  for (const word of parts) {
    const gene = byName.get(key(word)) ?? byName.get(key(word.replace(/\.\d+$/, "")));
    if (gene === undefined) missing.push(word);
    else found.add(gene);
  }
  return { found, missing };
};
