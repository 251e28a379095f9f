
// ---- the explorer: one contrast, one gene, many selected; every part shows the same
const start = async () => {
  const genes = await genesNow();
  ids = genes.ids;
  const contrastNumber = () => Math.max(0, data.contrasts.findIndex(({ name }) => name === state.contrast));
  holder.hidden = false;
  document.querySelectorAll("[data-explore]").forEach((element) => { element.hidden = false; });
  fill(byId("contrast"), data.contrasts.map(({ name }) => [name, name]));

  const take = (found) => {
    if (!found) return;
    const { selected, ...rest } = found;
    const known = { ...rest };
    if (known.contrast && !data.contrasts.some(({ name }) => name === known.contrast)) delete known.contrast;
    if (known.plot && !(known.plot in PLOTS)) delete known.plot;
    if (known.gene && !genes.placeOf.has(known.gene)) delete known.gene;
    for (const key of ["group", "color", "shape"]) if (known[key] && !columnNamed(known[key])) delete known[key];
    for (const key of ["x", "y"]) if (known[key] && !/^\d+$/.test(known[key])) delete known[key];
    const chosen = (selected || []).map((id) => genes.placeOf.get(id)).filter((gene) => gene !== undefined && gene < data.genes);
    change({ ...DEFAULTS, ...known, selected: new Set(chosen) }, false);
  };
  const fromAddress = readAddress();
  take(fromAddress);

  const scatter = setUpScatter(genes);
  const table = setUpTable(genes);
  const panel = setUpGene(genes);
  setUpSearch(genes);
  let contrast = null;

  const controls = () => {
    for (const [control, key] of [["contrast", "contrast"], ["p", "p"], ["fold", "fold"], ["plot", "plot"], ["show", "show"]]) {
      if (document.activeElement !== byId(control)) byId(control).value = state[key];
    }
  };
  const called = () => {
    const calls = callsOf(contrast);
    let [up, down] = [0, 0];
    for (const gene of contrast.rows) { if (calls[gene] > 0) up += 1; else if (calls[gene] < 0) down += 1; }
    byId("called").replaceChildren(
      make("span", { className: "up" }, `▲ ${grouped(up)} up`), " ", make("span", { className: "down" }, `▼ ${grouped(down)} down`),
      ` of ${grouped(contrast.rows.length)}`,
    );
  };
  const selection = () => {
    const n = state.selected.size;
    const kept = n > MOST_IN_ADDRESS ? "; too many for the address" : "";
    byId("selected").textContent = n ? `${grouped(n)} selected${kept}` : "None selected.";
    byId("clear").disabled = !n;
  };
  const showContrast = async () => {
    const number = contrastNumber();
    const next = await contrastOf(number);
    if (number !== contrastNumber()) return;
    contrast = next;
    const said = [`${contrast.question}. A positive fold change means: ${contrast.up}${contrast.than ? ` ${contrast.than}` : ""}.`];
    const chapter = make("a", { href: `#contrast-${number + 1}` }, "Its chapter");
    byId("question").replaceChildren(...said, " ", chapter);
    byId("exact").textContent = contrast.file;
    byId("exact").href = contrast.link;
    controls();
    called();
    scatter.show(contrast);
    table.show(contrast);
    selection();
    await panel.show(contrast);
  };

  whenChanged(["contrast"], showContrast);
  whenChanged(["plot"], () => { controls(); scatter.again(); });
  whenChanged(["p", "fold"], () => {
    if (!contrast) return;
    controls();
    called();
    scatter.redraw();
    scatter.said();
    if (state.show === "all" || state.show === "selected") table.paint();
    else table.arrange();
    panel.show(contrast);
  });
  whenChanged(["show"], () => { controls(); table.sort(); });
  whenChanged(["sort", "down"], () => table.sort());
  whenChanged(["gene"], () => { if (contrast) { scatter.marks(); table.follow(); panel.show(contrast); } });
  whenChanged(["group", "color"], () => { if (contrast) panel.show(contrast); });
  whenChanged(["selected"], () => {
    if (!contrast) return;
    selection();
    scatter.marks();
    if (state.show === "selected") table.arrange();
    else table.paint();
  });

  byId("contrast").addEventListener("change", () => change({ contrast: byId("contrast").value }));
  byId("p").addEventListener("input", () => change({ p: byId("p").value }));
  byId("fold").addEventListener("input", () => change({ fold: byId("fold").value || "0" }));
  byId("plot").addEventListener("change", () => change({ plot: byId("plot").value }));
  byId("show").addEventListener("change", () => change({ show: byId("show").value }));
  const leaving = () => (state.selected.size ? table.rows().filter((gene) => state.selected.has(gene)) : table.rows());
  byId("csv").addEventListener("click", () => {
    const out = state.selected.size ? [...leaving(), ...[...state.selected].filter((gene) => !contrast.tested[gene])] : leaving();
    save(new Blob([csvOf(contrast, table.columns(), out)], { type: "text/csv" }), fileName(`${contrast.name}.rounded.csv`));
  });
  byId("ids").addEventListener("click", () => {
    const out = state.selected.size ? [...state.selected] : [...table.rows()];
    save(new Blob([out.map((gene) => `${genes.ids[gene]}\n`).join("")], { type: "text/plain" }), fileName(`${contrast.name}.genes.txt`));
  });
  byId("select-shown").addEventListener("click", () => change({ selected: new Set([...state.selected, ...table.rows()]) }));
  byId("clear").addEventListener("click", () => change({ selected: new Set() }));
  byId("take").addEventListener("click", () => {
    const { found, missing } = genesOfList(byId("pasted").value, genes);
    const some = missing.slice(0, 5).join(", ") + (missing.length > 5 ? ", …" : "");
    byId("taken").textContent = `${grouped(found.size)} found${missing.length ? `; ${grouped(missing.length)} not among the tested genes: ${some}` : ""}.`;
    change({ selected: new Set([...state.selected, ...found]) });
  });
  // From other parts of the page: sets of genes name their genes.
  document.addEventListener("explore-gene", (event) => {
    const { gene, contrast: number } = event.detail;
    change({ gene, ...(number ? { contrast: data.contrasts[number - 1].name } : {}) });
    holder.scrollIntoView();
  });
  // Links of the chapters change the contrast and keep the rest.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('[data-explore] a[href^="#explore&"]');
    if (!link) return;
    event.preventDefault();
    change({ contrast: decodeURIComponent(link.getAttribute("href").split("=")[1]) });
    holder.scrollIntoView();
  });
  addEventListener("hashchange", () => {
    const found = readAddress();
    if (found) { take(found); controls(); }
  });
  darkness.addEventListener("change", () => { if (contrast) panel.show(contrast); });

  await showContrast();
  performance.mark("explorer drawn");
  holder.dataset.ready = "true";
  if (fromAddress) holder.scrollIntoView();
  if (data.components.length || data.distances) {
    byId("samples").hidden = false;
    if (data.components.length) setUpComponents();
    else byId("pca").closest(".panel").hidden = true;
    if (data.distances) await setUpDistances();
    else byId("heat").closest(".panel").hidden = true;
  }
  // What is needed next, while nobody waits.
  const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
  idle(async () => {
    table.prepare();
    genesOfList("", genes);
    finding(genes, "·");
    for (let number = 0; number < data.contrasts.length; number += 1) await contrastOf(number);
    if (data.layouts.counts) await unpack("counts");
    holder.dataset.ready = "all";
  });
};
start();
