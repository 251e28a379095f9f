# 09 enrich: sets of genes in each contrast. Several collections stand beside each other, each adjusted by itself.
# enters: <test>/<contrast>.tsv, <filter>/annotation.tsv, <transform>/transformed.parquet, <batch>/compiled_design.json
# leaves: <collection>/: <contrast>.tsv and its figures, members, genes, sets, groups, comparison, length_bias, calibration


rule test_gene_sets:
    """Test the sets of a collection in every contrast; account for each gene and each set."""
    input:
        collections=job(files.gene_sets),
        tables=job(files.enriched_tables),
        annotation="<filter>/annotation.tsv",
        values=job(files.of_enriched, "<transform>/transformed.parquet"),
        designs=job(files.of_enriched, "<batch>/compiled_design.json"),
        models=job(files.of_correlated, "<test>/model.h5ad"),
        sheets=job(files.of_correlated, "<ingest>/samples.tsv"),
        background=job(files.set_background),
        ontology=job(files.set_ontology),
        lengths=job(files.known_lengths),
    output:
        tests="<enrich>/{collection}/tests.parquet",
        members="<enrich>/{collection}/members.tsv",
        genes="<enrich>/{collection}/genes.tsv",
        sets="<enrich>/{collection}/sets.tsv",
        groups="<enrich>/{collection}/groups.tsv",
        compared="<enrich>/{collection}/comparison.tsv",
        length_bias="<enrich>/{collection}/length_bias.tsv",
        calibration="<enrich>/{collection}/calibration.tsv",
        record="<enrich>/{collection}/test_gene_sets.record.json",
    log:
        "<logs>/{collection}.test_gene_sets.log",
    benchmark:
        "<benchmarks>/{collection}.test_gene_sets.tsv"
    # The longest way to the report leads through here: what waits for nothing else comes later.
    priority: 2
    group:
        "sets"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("test_gene_sets"),
    params:
        collection=wildcard("collection"),
        described=job(settings.collection_description),
        enrich=job(settings.set_tests),
        contrasts=job(settings.enriched_definitions),
        subsets=job(settings.enriched_subsets),
        calls=job(settings.calls),
        subjects=job(settings.correlated_subject),
        given=content_of(
            job(files.gene_sets),
            job(files.set_background),
            job(files.set_ontology),
            given_file("ingest.gene_lengths"),
        ),
        code=code("test_gene_sets"),
    script:
        "../scripts/test_gene_sets.py"


rule present_gene_sets:
    """Write a contrast's table of sets with the genes that carry them, and draw the first ones."""
    input:
        tests="<enrich>/{collection}/tests.parquet",
        members="<enrich>/{collection}/members.tsv",
        genes="<enrich>/{collection}/genes.tsv",
        calibration="<enrich>/{collection}/calibration.tsv",
        contrast_table="<test>/{contrast}.tsv",
        transformed=of_subset("<transform>/transformed.parquet"),
        samples=job(files.design_samples),
    output:
        **figure("<enrich>/{collection}/{contrast}.first", "Gene sets", "{collection}, {contrast}", name="first"),
        **figure("<enrich>/{collection}/{contrast}.map", name="map"),
        **figure("<enrich>/{collection}/{contrast}.leading", name="leading"),
        **figure("<enrich>/{collection}/{contrast}.calibration", name="calibration"),
        table=in_report(
            "<enrich>/{collection}/{contrast}.tsv",
            "Gene sets",
            table="{collection}, {contrast}",
        ),
        record="<enrich>/{collection}/{contrast}.present_gene_sets.record.json",
    log:
        "<logs>/{collection}.{contrast}.present_gene_sets.log",
    benchmark:
        "<benchmarks>/{collection}.{contrast}.present_gene_sets.tsv"
    priority: 1
    group:
        "sets"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("present_gene_sets"),
    params:
        **settings_of("enrich", "rank_by", "alpha", "shown", "similarity"),
        look=setting("report.figures"),
        collection=job(settings.collection_title),
        name=wildcard("contrast"),
        contrast=job(settings.contrast),
        title=job(settings.contrast_title),
        design=job(settings.model),
        calls=job(settings.calls),
        code=code("present_gene_sets"),
    script:
        "../scripts/present_gene_sets.py"


rule plot_set_comparison:
    """Draw the first sets of all contrasts beside each other."""
    input:
        compared="<enrich>/{collection}/comparison.tsv",
    output:
        **figure("<enrich>/{collection}/comparison", "Gene sets", "{collection}, all contrasts"),
        record="<enrich>/{collection}/plot_set_comparison.record.json",
    log:
        "<logs>/{collection}.plot_set_comparison.log",
    benchmark:
        "<benchmarks>/{collection}.plot_set_comparison.tsv"
    group:
        "sets"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_set_comparison"),
    params:
        **settings_of("enrich", "alpha", "shown"),
        look=setting("report.figures"),
        collection=job(settings.collection_title),
        contrasts=job(settings.enriched_names),
        code=code("plot_set_comparison"),
    script:
        "../scripts/plot_set_comparison.py"


rule plot_length_bias:
    """Draw how often genes are called by their length."""
    input:
        rates="<enrich>/{collection}/length_bias.tsv",
    output:
        **figure("<enrich>/{collection}/length_bias"),
        record="<enrich>/{collection}/plot_length_bias.record.json",
    log:
        "<logs>/{collection}.plot_length_bias.log",
    benchmark:
        "<benchmarks>/{collection}.plot_length_bias.tsv"
    group:
        "sets"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_length_bias"),
    params:
        look=setting("report.figures"),
        collection=job(settings.collection_title),
        contrasts=job(settings.enriched_names),
        code=code("plot_length_bias"),
    script:
        "../scripts/plot_length_bias.py"


rule score_activities:
    """Score the activity of regulators by the statistics of their targets, in every contrast."""
    input:
        targets=job(files.activity_targets),
        tables=job(files.enriched_tables),
        annotation="<filter>/annotation.tsv",
        values=job(files.of_enriched, "<transform>/transformed.parquet"),
        designs=job(files.of_enriched, "<batch>/compiled_design.json"),
        models=job(files.of_correlated, "<test>/model.h5ad"),
        sheets=job(files.of_correlated, "<ingest>/samples.tsv"),
    output:
        activities_table="<enrich>/activities.tsv",
        record="<enrich>/score_activities.record.json",
    log:
        "<logs>/score_activities.log",
    benchmark:
        "<benchmarks>/score_activities.tsv"
    group:
        "sets"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("score_activities"),
    params:
        **settings_of("enrich", "activities", "rank_by", "min_size"),
        contrasts=job(settings.enriched_definitions),
        subsets=job(settings.enriched_subsets),
        subjects=job(settings.correlated_subject),
        given=content_of(job(files.activity_targets)),
        code=code("score_activities"),
    script:
        "../scripts/score_activities.py"
