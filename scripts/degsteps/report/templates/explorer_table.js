
// ---- the table of all tested genes: only the rows in sight exist
const ROW = 30;
const BODY_ROWS = 14;
const WIDTHS = { tick: 2.2, gene: 9.7, symbol: 5.6, name: 8.4, text: 6.6, number: 5.4 };
const GENE_COLUMNS = [["gene", "Gene"], ["symbol", "Symbol"], ["name", "Name"]];

// What a filter below a heading accepts: words of a text; of numbers >2, <=0.05, 1..3 or ±1 (at least 1 either way).
const acceptedBy = (text, kind) => {
  const wanted = text.trim().toLowerCase().replace(/−/g, "-");
  if (!wanted) return null;
  if (kind === "text") return (value) => value.toLowerCase().includes(wanted);
  const number = "([-+]?[0-9]*\\.?[0-9]+(?:e[-+]?[0-9]+)?)";
  const range = wanted.match(new RegExp(`^${number}\\s*\\.\\.\\s*${number}$`));
  const bound = wanted.match(new RegExp(`^(<=|>=|<|>|=|±|\\+-)?\\s*${number}$`));
  // p-values are kept as -log10.
  const plain = kind === "p" ? (value) => 10 ** -value : (value) => value;
  if (range) return (value) => plain(value) >= Number(range[1]) && plain(value) <= Number(range[2]);
  if (!bound) return undefined;
  const limit = Number(bound[2]);
  const tests = {
    "<": (value) => value < limit, "<=": (value) => value <= limit, ">": (value) => value > limit,
    ">=": (value) => value >= limit, "=": (value) => Math.abs(value - limit) <= Math.abs(limit) * 0.005,
    "±": (value) => Math.abs(value) >= Math.abs(limit),
  };
  const test = tests[{ "+-": "±", undefined: kind === "p" ? "<=" : kind === "fold" ? "±" : ">=" }[bound[1]] || bound[1]];
  return (value) => test(plain(value));
};

const setUpTable = (genes) => {
  const [scroll, sizer, table] = [byId("scroll"), byId("sizer"), byId("table")];
  const [columnGroup, head, body] = table.children;
  let [contrast, columns, rows, pool] = [null, [], new Uint32Array(0), []];
  let [first, active] = [0, -1];
  const filters = new Map();

  // Places of texts in their order, upper and lower case alike.
  const ranksOf = (key, texts) => once(`ranks ${key}`, () => {
    const lower = texts.map((text) => text.toLowerCase());
    const order = [...lower.keys()].sort((a, b) => (lower[a] < lower[b] ? -1 : lower[a] > lower[b] ? 1 : a - b));
    const ranks = new Float64Array(texts.length);
    order.forEach((place, rank) => { ranks[place] = rank; });
    return ranks;
  });
  const columnsOf = (next) => [
    ...GENE_COLUMNS.map(([name, label]) => {
      const texts = { gene: genes.ids, symbol: genes.symbols, name: genes.names }[name];
      return {
        name, label, kind: "text", of: (gene) => texts[gene], isEmpty: (gene) => texts[gene] === "",
        keyOf: () => { const ranks = ranksOf(name, texts); return (gene) => ranks[gene]; },
        has: texts.some((text, gene) => text !== "" && gene < data.genes),
      };
    }).filter((column) => column.has),
    // Remarks stand last, so that the numbers are in sight.
    ...[...next.described].sort((a, b) => (a.kind === "text") - (b.kind === "text")).map(({ name, label, kind }) => {
      const column = next.columns[name];
      if (kind === "text") {
        const levels = column.levels;
        return {
          name, label, kind, of: (gene) => levels[column.codes[gene]], isEmpty: (gene) => column.codes[gene] === 0,
          keyOf: () => { const ranks = ranksOf(`${next.number} ${name}`, levels); return (gene) => ranks[column.codes[gene]]; },
        };
      }
      const values = next.values(name);
      // Codes have the order of values; of p-values, the reverse.
      return {
        name, label, kind, of: (gene) => values[gene], isEmpty: (gene) => column.codes[gene] === MISSING_CODE,
        keyOf: () => (kind === "p" ? (gene) => 65535 - column.codes[gene] : (gene) => column.codes[gene]),
      };
    }),
  ];

  const isShown = () => {
    const calls = callsOf(contrast);
    const tests = {
      all: () => true, called: (gene) => calls[gene] !== 0, up: (gene) => calls[gene] > 0, down: (gene) => calls[gene] < 0,
      selected: (gene) => state.selected.has(gene),
    };
    const wanted = [];
    for (const column of columns) {
      const test = acceptedBy(filters.get(column.name) || "", column.kind);
      if (test) wanted.push((gene) => !column.isEmpty(gene) && test(column.of(gene)));
    }
    const shows = tests[state.show] || tests.all;
    return (gene) => shows(gene) && wanted.every((test) => test(gene));
  };
  const arranged = () => {
    const shownGenes = contrast.rows.filter(isShown());
    const column = columns.find((one) => one.name === state.sort) || columns.find((one) => one.name === "pvalue") || columns[0];
    const key = column.keyOf();
    const sign = state.down ? -1 : 1;
    // What is missing stays at the end in both directions.
    const order = orderOf(Float64Array.from(shownGenes, (gene) => (column.isEmpty(gene) ? 2 ** 30 : 2 ** 27 + sign * key(gene))));
    return Uint32Array.from(order, (place) => shownGenes[place]);
  };

  const cellsOf = () => columns.map((column, j) => make(j ? "td" : "th", {
    ...(j ? {} : { scope: "row" }), className: column.kind === "text" ? "" : "number",
  }));
  const makePool = () => {
    pool = Array.from({ length: BODY_ROWS }, () => {
      const box = make("input", { type: "checkbox", tabIndex: -1 });
      const cells = cellsOf();
      const row = make("tr", {}, make("td", { className: "tick" }, box), ...cells);
      const entry = { row, box, cells, gene: -1 };
      box.addEventListener("click", (event) => { event.stopPropagation(); toggle(entry.gene); });
      row.addEventListener("click", () => { if (entry.gene >= 0) choose(first + pool.indexOf(entry)); });
      return entry;
    });
    body.replaceChildren(...pool.map(({ row }) => row));
  };
  const paint = () => {
    first = Math.max(0, Math.min(Math.round(scroll.scrollTop / ROW), rows.length - pool.length));
    const current = genes.placeOf.get(state.gene);
    let pointed = "";
    pool.forEach((entry, i) => {
      const place = first + i;
      const { row, box, cells } = entry;
      row.hidden = place >= rows.length;
      if (row.hidden) { entry.gene = -1; return; }
      const gene = rows[place];
      if (entry.gene !== gene) {
        entry.gene = gene;
        columns.forEach((column, j) => {
          const text = column.kind === "text" ? column.of(gene) : shown(column.of(gene), column.kind);
          cells[j].textContent = text;
          if (column.kind === "text") cells[j].title = text;
        });
        row.id = `x-row-${gene}`;
        box.setAttribute("aria-label", `Select ${genes.symbols[gene] || genes.ids[gene]}`);
      }
      row.setAttribute("aria-rowindex", place + 3);
      box.checked = state.selected.has(gene);
      row.setAttribute("aria-selected", String(box.checked));
      row.classList.toggle("current", gene === current);
      if (place === active) pointed = row.id;
    });
    if (pointed) table.setAttribute("aria-activedescendant", pointed);
    else table.removeAttribute("aria-activedescendant");
  };
  const told = () => {
    const n = contrast.rows.length;
    const of = rows.length === n ? `All ${grouped(n)} tested genes` : `${grouped(rows.length)} of ${grouped(n)} tested genes`;
    byId("rows").textContent = rows.length ? `${of}; filters: words, or of numbers <0.05, >2, 1..3, ±1.` : "No gene fits.";
    table.setAttribute("aria-rowcount", rows.length + 2);
  };
  const arrange = (isKept) => {
    if (!contrast) return;
    rows = arranged();
    sizer.style.height = `${head.offsetHeight + Math.max(1, rows.length) * ROW}px`;
    pool.forEach((entry) => { entry.gene = -1; });
    if (!isKept) { scroll.scrollTop = 0; active = -1; }
    follow();
    told();
  };
  // The row of the chosen gene, in sight.
  const follow = () => {
    const current = genes.placeOf.get(state.gene);
    const place = current === undefined ? -1 : rows.indexOf(current);
    if (place >= 0) {
      active = place;
      const inSight = BODY_ROWS - 2;
      const top = Math.round(scroll.scrollTop / ROW);
      if (place < top || place > top + inSight) scroll.scrollTop = Math.max(0, place - 4) * ROW;
    }
    paint();
  };
  const choose = (place) => {
    active = Math.max(0, Math.min(rows.length - 1, place));
    if (rows.length) change({ gene: genes.ids[rows[active]] });
    follow();
  };
  const toggle = (gene) => {
    const selected = new Set(state.selected);
    if (!selected.delete(gene)) selected.add(gene);
    change({ selected });
  };

  const makeHead = () => {
    const widths = columns.map(({ name, kind }) => WIDTHS[name] || WIDTHS[kind] || WIDTHS.number);
    columnGroup.replaceChildren(...[WIDTHS.tick, ...widths].map((width) => {
      const column = make("col");
      column.style.width = `${width}rem`;
      return column;
    }));
    sizer.style.minWidth = `${[WIDTHS.tick, ...widths].reduce((sum, width) => sum + width, 0)}rem`;
    const buttons = columns.map((column) => {
      const button = make("button", { type: "button" }, column.label);
      button.addEventListener("click", () => {
        const isSame = state.sort === column.name;
        const startsDown = ["mean", "fold"].includes(column.kind);
        change({ sort: column.name, down: (isSame ? !state.down : startsDown) ? "1" : "" });
      });
      return make("th", { scope: "col", className: column.kind === "text" ? "" : "number" }, button);
    });
    const inputs = columns.map((column) => {
      const input = make("input", {
        type: "text", value: filters.get(column.name) || "", "aria-label": `Filter by ${column.label}`, spellcheck: false, autocomplete: "off",
      });
      input.addEventListener("input", () => {
        filters.set(column.name, input.value);
        input.setAttribute("aria-invalid", String(acceptedBy(input.value, column.kind) === undefined));
        arrange();
      });
      return make("td", {}, input);
    });
    head.replaceChildren(
      make("tr", { "aria-rowindex": "1" }, make("td", { className: "tick" }), ...buttons),
      make("tr", { className: "filters", "aria-rowindex": "2" }, make("td", { className: "tick" }), ...inputs),
    );
  };
  const markSort = () => {
    columns.forEach((column, j) => {
      const cell = head.firstElementChild.children[j + 1];
      if (column.name === state.sort) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  };

  let waiting = false;
  scroll.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; paint(); });
  }, { passive: true });
  table.addEventListener("keydown", (event) => {
    if (event.target !== table) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: BODY_ROWS - 2, PageUp: 2 - BODY_ROWS, Home: -rows.length, End: rows.length };
    if (event.key in steps) {
      event.preventDefault();
      choose(active + steps[event.key]);
    } else if ((event.key === " " || event.key === "Enter") && active >= 0) {
      event.preventDefault();
      toggle(rows[active]);
    }
  });
  return {
    show: (next) => {
      contrast = next;
      columns = columnsOf(next);
      makeHead();
      makePool();
      markSort();
      arrange();
    },
    sort: () => { markSort(); arrange(); },
    arrange: () => arrange(true),
    follow,
    paint,
    rows: () => rows,
    columns: () => columns,
    prepare: () => { for (const column of columns) column.keyOf(); },
  };
};
