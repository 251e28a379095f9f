
// ---- finding a gene: by id, symbol or name; genes that were filtered out are found too
const MOST_FOUND = 40;
const searching = (genes) => {
  const lower = (texts) => texts.map((text) => text.toLowerCase());
  const [ids, symbols, names] = [lower(genes.ids), lower(genes.symbols), lower(genes.names)];
  // Whole symbols and ids first, then beginnings, then names that hold every word; tested genes before the others.
  return (words) => {
    const wanted = words.trim().toLowerCase();
    if (!wanted) return [];
    const parts = wanted.split(/\s+/);
    const levels = [[], [], [], []];
    for (let gene = 0; gene < ids.length; gene += 1) {
      const [id, symbol, name] = [ids[gene], symbols[gene], names[gene]];
      if (id === wanted || symbol === wanted) levels[0].push(gene);
      else if (symbol.startsWith(wanted) || id.startsWith(wanted)) levels[1].push(gene);
      else if (symbol.includes(wanted) || id.includes(wanted)) levels[2].push(gene);
      else if (parts.every((part) => name.includes(part))) levels[3].push(gene);
    }
    const length = (gene) => (symbols[gene] || ids[gene]).length;
    levels[1].sort((a, b) => length(a) - length(b) || a - b);
    return levels.flat();
  };
};

const setUpSearch = (genes, find) => {
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
  const point = (next) => {
    active = next;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
    if (active < 0) return;
    const option = list.children[active];
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const offer = () => {
    const found = find(input.value);
    offers = found.slice(0, MOST_FOUND);
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
    const rest = found.length - offers.length;
    if (input.value.trim() && (rest > 0 || !found.length)) {
      const text = found.length ? `and ${grouped(rest)} more: type on` : "No gene of the counts has this id, symbol or name.";
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
      else if (offers.length) point((active + steps[event.key] + offers.length) % offers.length);
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
