"use strict";
// Tables of sets of genes: filter, sort, pages. Everything is set as text, so nothing that a sheet holds becomes markup.
(() => {
  const MISSING = "–";
  const minus = (text) => text.replace("-", "−");
  // The same as the numbers that were written into the page, see page.py.
  const FORMATS = {
    text: (value) => value,
    count: (value) => value.toLocaleString("en-US"),
    mean: (value) => (value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US")),
    fold: (value) => minus(value.toFixed(2)),
    p: (value) => {
      if (value === 0) return minus("< 1e-300");
      return value >= 0.001 ? value.toPrecision(3) : minus(value.toExponential(2));
    },
  };
  const count = (n) => n.toLocaleString("en-US");

  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  const numberIn = (input) => (input.value.trim() === "" || Number.isNaN(Number(input.value)) ? null : Number(input.value));
  const numberInput = (more = {}) => make("input", { type: "number", min: "0", step: "any", placeholder: "any", ...more });
  const choice = (pairs) => make("select", {}, ...pairs.map(([value, text]) => make("option", { value }, text)));
  const places = (columns) => Object.fromEntries(columns.map((column, i) => [column.name, i]));

  // A table with a search, filters, sorting and pages. `fits` says whether a row passes the filters, `searched` what is
  // searched beside the texts of a row, `firstCell` and `below` what a row's first cell and the rows below it hold.
  const setUpTable = (holder, {
    columns, rows, first, noun, searchLabel, filters, buttons = [], fits, perPage = () => 20,
    searched = () => [], firstCell = (i, text) => [text], below = () => [],
  }) => {
    const texts = columns.map((column, i) => (column.kind === "text" ? i : -1)).filter((i) => i >= 0);
    const haystacks = rows.map((row, i) => [...texts.map((j) => row[j]), ...searched(i)].join("\n").toLowerCase());
    const state = { sort: first, descending: false, page: 0 };
    const body = holder.querySelector("tbody");
    const headers = [...holder.querySelectorAll("thead th")];
    const search = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const controls = make(
      "form", { className: "controls", role: "search", "aria-label": holder.querySelector(".table-scroll").getAttribute("aria-label") },
      make("label", { className: "wide" }, searchLabel, search),
      ...filters.map(([label, input]) => make("label", {}, label, input)),
      ...buttons,
    );
    const previous = make("button", { type: "button" }, "Previous");
    const next = make("button", { type: "button" }, "Next");
    const status = make("p", { role: "status", "aria-live": "polite" });
    holder.prepend(controls);
    holder.append(make("div", { className: "pager" }, previous, next, status));

    const empty = (value) => value === null || value === "";
    const selected = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = fits();
      const { sort, descending } = state;
      const isText = columns[sort].kind === "text";
      return [...rows.keys()].filter((i) => words.every((word) => haystacks[i].includes(word)) && wanted(rows[i])).sort((a, b) => {
        const x = rows[a][sort];
        const y = rows[b][sort];
        // What is missing stays at the end in both directions.
        if (empty(x) || empty(y)) return empty(x) - empty(y) || a - b;
        const order = isText ? x.localeCompare(y, "en", { numeric: true }) : x - y;
        return (descending ? -order : order) || a - b;
      });
    };
    const cells = (i) => columns.map((column, j) => {
      const value = rows[i][j];
      const text = value === null ? MISSING : FORMATS[column.kind](value);
      if (j === 0) return make("th", { scope: "row" }, ...firstCell(i, text, show));
      return make("td", column.kind === "text" ? { title: text } : { className: "number" }, text);
    });
    const show = () => {
      const chosen = selected();
      const size = perPage();
      const pages = Math.max(1, Math.ceil(chosen.length / size));
      state.page = Math.min(state.page, pages - 1);
      const start = state.page * size;
      const shown = chosen.slice(start, start + size);
      body.replaceChildren(...shown.flatMap((i) => [make("tr", {}, ...cells(i)), ...below(i)]));
      headers.forEach((header, j) => {
        if (j === state.sort) header.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
        else header.removeAttribute("aria-sort");
      });
      previous.disabled = state.page === 0;
      next.disabled = state.page >= pages - 1;
      const of = chosen.length === rows.length ? count(rows.length) : `${count(chosen.length)} found in ${count(rows.length)}`;
      status.textContent = chosen.length
        ? `${count(start + 1)} to ${count(start + shown.length)} of ${of} ${noun}s, page ${count(state.page + 1)} of ${count(pages)}`
        : `No ${noun} fits.`;
    };
    const again = () => { state.page = 0; show(); };
    headers.forEach((header, j) => {
      const button = make("button", { type: "button" }, header.textContent);
      button.addEventListener("click", () => {
        // Text and p-values are looked for from below, effects, means and numbers from above.
        state.descending = state.sort === j ? !state.descending : ["mean", "fold", "count"].includes(columns[j].kind);
        state.sort = j;
        again();
      });
      header.replaceChildren(button);
    });
    for (const input of [search, ...filters.map(([, element]) => element)]) {
      input.addEventListener(input.tagName === "SELECT" ? "change" : "input", again);
    }
    controls.addEventListener("submit", (event) => event.preventDefault());
    previous.addEventListener("click", () => { state.page -= 1; show(); });
    next.addEventListener("click", () => { state.page += 1; show(); });
    show();
  };

  // Tables of sets: a set opens to its genes, and a gene leads to the explorer.
  const setUpSets = (holder) => {
    const { columns, rows, addresses, genes, members, sort, contrast } = JSON.parse(holder.querySelector("script").textContent);
    const place = places(columns);
    const evidence = place[sort] ?? 0;
    const adjusted = place[`padj_${sort.replace(/^p(adj)?_/, "")}`] ?? evidence;
    const limit = numberInput({ max: "1" });
    const kinds = [...new Set(rows.map((row) => row[place.direction]))].filter(Boolean).sort();
    const direction = choice([["", "any"], ...kinds.map((kind) => [kind, kind])]);
    const open = new Set();

    const geneList = (i) => {
      const list = make("ul", { className: "set-genes" });
      for (const g of members[i] || []) {
        const [label, id, fold, padj] = genes[g];
        const button = make("button", { type: "button", title: id }, label);
        button.addEventListener("click", () => {
          document.dispatchEvent(new CustomEvent("explore-gene", { detail: { gene: id, contrast } }));
        });
        const told = fold === null ? "" : ` ${FORMATS.fold(fold)}, ${padj === null ? MISSING : FORMATS.p(padj)}`;
        list.append(make("li", {}, button, told));
      }
      return make("tr", { className: "set-open" }, make(
        "td", { colSpan: columns.length }, make("p", {}, "Genes by p-value, with log2 fold change and adjusted p:"), list,
      ));
    };
    setUpTable(holder, {
      columns,
      rows,
      first: evidence,
      noun: "set",
      searchLabel: "Search set, title or gene",
      filters: [["Adjusted p ≤", limit], ["Direction", direction]],
      searched: (i) => (members[i] || []).flatMap((g) => genes[g].slice(0, 2)),
      fits: () => {
        const most = numberIn(limit);
        return (row) => (most === null || (row[adjusted] !== null && row[adjusted] <= most))
          && (!direction.value || row[place.direction] === direction.value);
      },
      firstCell: (i, text, show) => {
        const toggle = make("button", {
          type: "button", className: "toggle", "aria-expanded": String(open.has(i)), "aria-label": `Genes of ${text}`,
        }, open.has(i) ? "−" : "+");
        toggle.addEventListener("click", () => {
          if (!open.delete(i)) open.add(i);
          show();
        });
        return [toggle, " ", addresses[i] ? make("a", { href: addresses[i], rel: "noreferrer" }, text) : text];
      },
      below: (i) => (open.has(i) ? [geneList(i)] : []),
    });
  };

  const setUpCopy = (button) => {
    const text = JSON.parse(document.getElementById(button.dataset.copies).textContent);
    const told = button.parentElement.querySelector(".copied");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        told.textContent = "Copied.";
      } catch {
        // Browsers may refuse the clipboard to pages that are opened as files.
        getSelection().selectAllChildren(document.getElementById(button.dataset.shows));
        told.textContent = "Selected: copy it with the keyboard.";
      }
    });
  };

  // Of many contrasts each shows its question and numbers, and opens to its figures and genes. What an address names is
  // opened; paper has all of it.
  const MOST_OPEN = 3;
  const foldContrasts = () => {
    const sections = [...document.querySelectorAll("section.contrast")];
    if (sections.length <= MOST_OPEN) return;
    for (const section of sections) {
      const start = section.querySelector("dl.tiles");
      const rest = [];
      for (let element = start.nextElementSibling; element; element = element.nextElementSibling) rest.push(element);
      const name = section.querySelector("h3 small").textContent;
      const fold = make("details", { className: "contrast-fold" }, make("summary", {}, `Figures and first genes of ${name}`));
      start.after(fold);
      fold.append(...rest);
    }
    const openNamed = () => {
      const target = document.getElementById(location.hash.slice(1));
      const fold = target && (target.querySelector(":scope > details.contrast-fold") || target.closest("details.contrast-fold"));
      if (fold && target.closest("section.contrast")) fold.open = true;
    };
    addEventListener("hashchange", openNamed);
    openNamed();
  };

  document.querySelectorAll(".set-table").forEach(setUpSets);
  foldContrasts();
  document.querySelectorAll("button.copy").forEach(setUpCopy);
  // A printed page shows what is folded away on the screen.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
})();
