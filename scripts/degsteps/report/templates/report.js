"use strict";
// Tables of genes: filter, sort, pages. Everything is set as text, so nothing that a sheet holds becomes markup.
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

  const setUpTable = (holder) => {
    const { columns, rows } = JSON.parse(holder.querySelector("script").textContent);
    const position = Object.fromEntries(columns.map((column, i) => [column.name, i]));
    const texts = columns.map((column, i) => (column.kind === "text" ? i : -1)).filter((i) => i >= 0);
    const haystacks = rows.map((row) => texts.map((i) => row[i]).join("\n").toLowerCase());
    const state = { sort: position.pvalue, descending: false, page: 0 };
    const body = holder.querySelector("tbody");
    const headers = [...holder.querySelectorAll("thead th")];

    const search = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const maxPadj = make("input", { type: "number", min: "0", max: "1", step: "any", placeholder: "any" });
    const minFold = make("input", { type: "number", min: "0", step: "any", placeholder: "any" });
    const direction = make(
      "select", {},
      ...[["", "up and down"], ["up", "up"], ["down", "down"]].map(([value, text]) => make("option", { value }, text)),
    );
    const size = make("select", {}, ...[25, 50, 100, 500].map((n) => make("option", { value: String(n) }, String(n))));
    const reset = make("button", { type: "button" }, "Reset");
    const controls = make(
      "form", { className: "controls", role: "search" },
      make("label", { className: "wide" }, "Search gene, symbol or name", search),
      make("label", {}, "Adjusted p ≤", maxPadj),
      make("label", {}, "|log2 fold change| ≥", minFold),
      make("label", {}, "Direction", direction),
      make("label", {}, "Rows", size),
      reset,
    );
    const previous = make("button", { type: "button" }, "Previous");
    const next = make("button", { type: "button" }, "Next");
    const status = make("p", { role: "status", "aria-live": "polite" });
    holder.prepend(controls);
    holder.append(make("div", { className: "pager" }, previous, next, status));

    const number = (input) => (input.value.trim() === "" || Number.isNaN(Number(input.value)) ? null : Number(input.value));

    const selected = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const padjLimit = number(maxPadj);
      const foldLimit = number(minFold);
      const sign = { up: 1, down: -1 }[direction.value];
      const chosen = [];
      rows.forEach((row, i) => {
        const fold = row[position.log2_fold_change];
        if (!words.every((word) => haystacks[i].includes(word))) return;
        if (padjLimit !== null && !(row[position.padj] !== null && row[position.padj] <= padjLimit)) return;
        if (foldLimit !== null && !(fold !== null && Math.abs(fold) >= foldLimit)) return;
        if (sign && !(fold !== null && fold * sign > 0)) return;
        chosen.push(i);
      });
      const { sort, descending } = state;
      const isText = columns[sort].kind === "text";
      const empty = (value) => value === null || value === "";
      return chosen.sort((a, b) => {
        const x = rows[a][sort];
        const y = rows[b][sort];
        // What is missing stays at the end in both directions.
        if (empty(x) || empty(y)) return empty(x) - empty(y) || a - b;
        const order = isText ? x.localeCompare(y, "en", { numeric: true }) : x - y;
        return (descending ? -order : order) || a - b;
      });
    };

    const show = () => {
      const chosen = selected();
      const perPage = Number(size.value);
      const pages = Math.max(1, Math.ceil(chosen.length / perPage));
      state.page = Math.min(state.page, pages - 1);
      const start = state.page * perPage;
      const shown = chosen.slice(start, start + perPage);
      body.replaceChildren(...shown.map((i) => make("tr", {}, ...columns.map((column, j) => {
        const value = rows[i][j];
        const text = value === null ? MISSING : FORMATS[column.kind](value);
        if (j === 0) return make("th", { scope: "row" }, text);
        return make("td", column.kind === "text" ? { title: text } : { className: "number" }, text);
      }))));
      headers.forEach((header, j) => {
        if (j === state.sort) header.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
        else header.removeAttribute("aria-sort");
      });
      previous.disabled = state.page === 0;
      next.disabled = state.page >= pages - 1;
      const of = chosen.length === rows.length ? count(rows.length) : `${count(chosen.length)} found in ${count(rows.length)}`;
      status.textContent = chosen.length
        ? `${count(start + 1)} to ${count(start + shown.length)} of ${of} genes, page ${count(state.page + 1)} of ${count(pages)}`
        : "No gene fits.";
    };

    const again = () => { state.page = 0; show(); };
    headers.forEach((header, j) => {
      const button = make("button", { type: "button" }, header.textContent);
      button.addEventListener("click", () => {
        // Text and p-values are looked for from below, effects and means from above.
        state.descending = state.sort === j ? !state.descending : ["mean", "fold"].includes(columns[j].kind);
        state.sort = j;
        again();
      });
      header.replaceChildren(button);
    });
    for (const input of [search, maxPadj, minFold]) input.addEventListener("input", again);
    for (const input of [direction, size]) input.addEventListener("change", again);
    controls.addEventListener("submit", (event) => event.preventDefault());
    reset.addEventListener("click", () => {
      controls.reset();
      Object.assign(state, { sort: position.pvalue, descending: false });
      again();
    });
    previous.addEventListener("click", () => { state.page -= 1; show(); });
    next.addEventListener("click", () => { state.page += 1; show(); });
    show();
    // Where a set names a gene: show it here.
    holder.showGene = (name) => {
      controls.reset();
      search.value = name;
      again();
      holder.scrollIntoView();
      search.focus({ preventScroll: true });
    };
  };

  // Tables of sets: a set opens to its genes, and a gene leads to its row among the genes of the contrast.
  const setUpSets = (holder) => {
    const { columns, rows, addresses, genes, members, sort: first, contrast } = JSON.parse(holder.querySelector("script").textContent);
    const texts = columns.map((column, i) => (column.kind === "text" ? i : -1)).filter((i) => i >= 0);
    const haystacks = rows.map((row, i) => [
      ...texts.map((j) => row[j]), ...(members[i] || []).flatMap((g) => genes[g].slice(0, 2)),
    ].join("\n").toLowerCase());
    const place = Object.fromEntries(columns.map((column, i) => [column.name, i]));
    const evidence = Math.max(columns.findIndex((column) => column.name === first), 0);
    const adjusted = place[`padj_${first.replace(/^p(adj)?_/, "")}`] ?? evidence;
    const state = { sort: evidence, descending: false, page: 0, open: new Set() };
    const body = holder.querySelector("tbody");
    const headers = [...holder.querySelectorAll("thead th")];
    const search = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const limit = make("input", { type: "number", min: "0", max: "1", step: "any", placeholder: "any" });
    const kinds = [...new Set(rows.map((row) => row[place.direction]))].filter(Boolean).sort();
    const direction = make(
      "select", {}, ...[["", "any"], ...kinds.map((kind) => [kind, kind])].map(([value, text]) => make("option", { value }, text)),
    );
    const controls = make(
      "form", { className: "controls", role: "search" },
      make("label", { className: "wide" }, "Search set, title or gene", search),
      make("label", {}, "Adjusted p ≤", limit),
      make("label", {}, "Direction", direction),
    );
    const previous = make("button", { type: "button" }, "Previous");
    const next = make("button", { type: "button" }, "Next");
    const status = make("p", { role: "status", "aria-live": "polite" });
    holder.prepend(controls);
    holder.append(make("div", { className: "pager" }, previous, next, status));
    const perPage = 20;

    const selected = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const most = limit.value.trim() === "" || Number.isNaN(Number(limit.value)) ? null : Number(limit.value);
      const chosen = rows.map((_, i) => i).filter((i) => words.every((word) => haystacks[i].includes(word))
        && (most === null || (rows[i][adjusted] !== null && rows[i][adjusted] <= most))
        && (!direction.value || rows[i][place.direction] === direction.value));
      const { sort, descending } = state;
      const isText = columns[sort].kind === "text";
      return chosen.sort((a, b) => {
        const x = rows[a][sort];
        const y = rows[b][sort];
        if (x === null || y === null) return (x === null) - (y === null) || a - b;
        const order = isText ? x.localeCompare(y, "en", { numeric: true }) : x - y;
        return (descending ? -order : order) || a - b;
      });
    };

    const geneList = (i) => {
      const list = make("ul", { className: "set-genes" });
      for (const g of members[i] || []) {
        const [label, id, fold, padj] = genes[g];
        const button = make("button", { type: "button", title: id }, label);
        button.addEventListener("click", () => {
          const table = document.querySelector(`#contrast-${contrast} .gene-table`);
          if (table && table.showGene) table.showGene(id);
        });
        const told = fold === null ? "" : ` ${FORMATS.fold(fold)}, ${padj === null ? MISSING : FORMATS.p(padj)}`;
        list.append(make("li", {}, button, told));
      }
      return make("tr", { className: "set-open" }, make(
        "td", { colSpan: columns.length }, make("p", {}, "Genes by p-value, with log2 fold change and adjusted p:"), list,
      ));
    };

    const show = () => {
      const chosen = selected();
      const pages = Math.max(1, Math.ceil(chosen.length / perPage));
      state.page = Math.min(state.page, pages - 1);
      const start = state.page * perPage;
      const part = chosen.slice(start, start + perPage);
      body.replaceChildren(...part.flatMap((i) => {
        const isOpen = state.open.has(i);
        const cells = columns.map((column, j) => {
          const value = rows[i][j];
          const text = value === null ? MISSING : FORMATS[column.kind](value);
          if (j === 0) {
            const name = addresses[i] ? make("a", { href: addresses[i], rel: "noreferrer" }, text) : text;
            const toggle = make("button", { type: "button", className: "toggle", "aria-expanded": String(isOpen), "aria-label": `Genes of ${text}` }, isOpen ? "−" : "+");
            toggle.addEventListener("click", () => {
              if (isOpen) state.open.delete(i);
              else state.open.add(i);
              show();
            });
            return make("th", { scope: "row" }, toggle, " ", name);
          }
          return make("td", column.kind === "text" ? { title: text } : { className: "number" }, text);
        });
        return [make("tr", {}, ...cells), ...(isOpen ? [geneList(i)] : [])];
      }));
      headers.forEach((header, j) => {
        if (j === state.sort) header.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
        else header.removeAttribute("aria-sort");
      });
      previous.disabled = state.page === 0;
      next.disabled = state.page >= pages - 1;
      const of = chosen.length === rows.length ? count(rows.length) : `${count(chosen.length)} found in ${count(rows.length)}`;
      status.textContent = chosen.length
        ? `${count(start + 1)} to ${count(start + part.length)} of ${of} sets, page ${count(state.page + 1)} of ${count(pages)}`
        : "No set fits.";
    };
    const again = () => { state.page = 0; show(); };
    headers.forEach((header, j) => {
      const button = make("button", { type: "button" }, header.textContent);
      button.addEventListener("click", () => {
        state.descending = state.sort === j ? !state.descending : ["count", "fold"].includes(columns[j].kind);
        state.sort = j;
        again();
      });
      header.replaceChildren(button);
    });
    for (const input of [search, limit]) input.addEventListener("input", again);
    direction.addEventListener("change", again);
    controls.addEventListener("submit", (event) => event.preventDefault());
    previous.addEventListener("click", () => { state.page -= 1; show(); });
    next.addEventListener("click", () => { state.page += 1; show(); });
    show();
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

  document.querySelectorAll(".gene-table:not(.set-table)").forEach(setUpTable);
  document.querySelectorAll(".set-table").forEach(setUpSets);
  document.querySelectorAll("button.copy").forEach(setUpCopy);
  // A printed page shows what is folded away on the screen.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
})();
