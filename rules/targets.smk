# What an analysis ends with: its last files, the records of all its steps, and what the terminal says.
# enters: ANALYSES (common.smk), settings.smk, stage_files.smk, resources.smk    leaves: the functions below
from degsteps.basics.paths import in_stage, version_folder


def fit_records(folder, analysis):
    """Return the records of a fit in a folder: its own, and those of its parts."""
    names, found = part_names(analysis), [f"{folder}/fit_model"]
    if names:
        found.append(f"{folder}/fit_trend")
    for step in ("fit_gene_wise", "fit_coefficients"):
        found += [f"{folder}/{step}/{name}.{step}" for name in names]
    return found


def _concordance_records(analysis):
    """Return the records of second engines and of their comparison."""
    test = analysis["test"]
    if not test["concordance"]:
        return []
    sets = {contrast["sample_set"] for contrast in test["contrasts"].values()}
    folders = [f"<test>/sets/{name}" if name else "<test>" for name in sets]
    shared = engines_of_rule("test_second_engine")
    return [
        f"{folder}/concordance/"
        + (f"{name}.test_second_engine" if name in shared else ENGINES[name].rule)
        for folder in sorted(folders)
        for name in test["concordance"]
    ] + [
        f"<test>/concordance/{contrast}.compare_engines"
        for contrast in test["contrasts"]
    ]


def step_records(wildcards):
    """Return the records of every step before the report, in the order of the flow."""
    analysis = ANALYSES[wildcards.analysis]
    contrasts = analysis["test"]["contrasts"]
    records = [
        "<ingest>/ingest_counts",
        "<filter>/filter_genes",
        "<filter>/plot_filter",
    ]
    records += ["<normalize>/estimate_size_factors"]
    records += [
        f"<normalize>/tables/{name}.export_normalized"
        for name in analysis["normalize"]["tables"]
    ]
    records += ["<batch>/estimate_surrogates"] * bool(analysis["design"]["surrogates"])
    records += ["<batch>/check_design", "<batch>/compile_contrasts"]
    if has_adjusted(wildcards.analysis):
        records += ["<batch>/adjust_counts"] * (
            adjustment_method(wildcards) == "combat_seq"
        )
        records += ["<transform>/adjust_transformed"]
    records += ["<transform>/transform_counts", "<qc>/compute_qc", "<qc>/plot_qc"]
    records += ["<qc>/check_identity"] * checks_identity(wildcards.analysis)
    records += ["<annotate>/annotate_genes"]
    if is_blinded(analysis):
        return [f"{record}.record.json" for record in records]
    records += fit_records("<test>", wildcards.analysis)
    records += ["<test>/plot_dispersion"]
    for name in analysis["design"]["sample_sets"]:
        records += [
            f"<ingest>/sets/{name}/select_samples",
            f"<filter>/sets/{name}/filter_genes",
            f"<normalize>/sets/{name}/estimate_size_factors",
            *[f"<batch>/sets/{name}/estimate_surrogates"]
            * bool(analysis["design"]["surrogates"]),
            f"<batch>/sets/{name}/check_design",
            f"<batch>/sets/{name}/compile_contrasts",
            *fit_records(f"<test>/sets/{name}", wildcards.analysis),
            f"<test>/sets/{name}/plot_dispersion",
            f"<transform>/sets/{name}/transform_counts",
        ]
    records += _concordance_records(analysis)
    for name in contrasts:
        records += [
            f"<test>/{name}.test_contrast",
            f"<annotate>/{name}.annotate_contrast",
        ]
        records += [
            f"<annotate>/{name}.plot_contrast",
            f"<annotate>/{name}.plot_top_genes",
        ]
        records += [
            f"<annotate>/{name}.plot_{kind}"
            for kind in ("sensitivity", "influence")
            if analysis["test"][kind]
        ]
    for name in powered_contrasts(analysis):
        records += [
            f"<test>/power/{name}.compute_power",
            f"<annotate>/{name}.plot_power",
        ]
    for name in analysis["test"]["stage_wise"]:
        records += [
            f"<test>/stage_wise/{name}.adjust_stage_wise",
            f"<annotate>/stage_wise/{name}.annotate_contrast",
        ]
    for name in _tested_sets(analysis):
        records += [f"<test>/sensitivity/{name}.vary_settings"] * analysis["test"][
            "sensitivity"
        ]
        records += [f"<test>/influence/{name}.leave_out_samples"] * analysis["test"][
            "influence"
        ]
    records += ["<annotate>/overlap/plot_overlap"] * (len(contrasts) > 1)
    return [f"{record}.record.json" for record in records]


def all_records(wildcards):
    """Return the records of every step before the manifest."""
    if is_blinded(ANALYSES[wildcards.analysis]):
        return step_records(wildcards)
    steps = ["summarize_results", "render_report", "write_workbook"]
    if plan_file(wildcards):
        steps.insert(0, "check_plan")
    return [
        *step_records(wildcards),
        *[f"<report>/{step}.record.json" for step in steps],
    ]


def final_files(name):
    """Return stage and name of the last files of an analysis; where labels are masked, nothing is tested."""
    if is_blinded(ANALYSES[name]):
        verdicts = [
            "verdicts.tsv",
            *(["identity.tsv"] if checks_identity(name) else []),
        ]
        return [*(("qc", file) for file in verdicts), ("report", "manifest.json")]
    return [
        ("report", file) for file in ("report.html", "workbook.xlsx", "manifest.json")
    ]


def analysis_targets(*names):
    """Return the final files of some analyses; everything else is made on the way."""
    crates = [
        f"{version_folder(name, ANALYSES[name]['version'])}/ro-crate-metadata.json"
        for name in names
    ]
    return crates + [
        in_stage(stage, name, ANALYSES[name]["version"], file)
        for name in names
        for stage, file in final_files(name)
    ]


def closing_lines():
    """Return what the terminal shows last: where to look."""
    lines = ["", "Done. Where to look:"]
    for name, analysis in ANALYSES.items():
        for stage, file in final_files(name):
            path = workflow.pathvars.apply(
                in_stage(stage, name, analysis["version"], file)
            )
            if file.endswith((".html", ".tsv")) and Path(path).is_file():
                lines += [f"  {name} {analysis['version']}: {path}"]
    return "\n".join(lines)
