"""What can be wrong with the counts and the sheet of one site, found before any job runs.

Standard library only: the Snakefile imports this module.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted, suggestion, verb
from degsteps.inputs.folders import Located, PassedOver
from degsteps.inputs.formats import FORMATS
from degsteps.inputs.gene_ids import has_version, odd_dots, repeated_without_versions, without_version
from degsteps.inputs.scan import Scan, annotation_columns, has_full_gene, scan_faults
from degsteps.inputs.sheet import (
    Collapsed,
    Sheet,
    collapsed,
    inspect_sheet,
    joined_sheets,
    matching_column,
    prefixed,
    read_columns,
)
from degsteps.inputs.sources import Source, column_of_archive, locate_source, scan_source, sources_of
from degsteps.inputs.transcripts import genes_of_transcripts, read_transcript_genes, shown_missing
from degsteps.inputs.workbooks import sheet_names
from degsteps.normalize.methods import METHODS
from degsteps.preflight.likeness import likeness, shown_pairs


class Report(Protocol):
    """Where checks say what they find: the places are a key of the configuration, or a given file."""

    problem: Callable[[str, str, str], None]
    data_problem: Callable[[str, Finding], None]
    design_problem: Callable[[str, str, str], None]
    note: Callable[[str, str, str, str], None]
    file: str


class SourceCheck:
    """Counts and sheet of one site, and what has been found of them so far.

    Attributes
    ----------
    located : the files of counts, and those that are passed over.
    scan : None while the samples in the counts are not known.
    sheet : None if it cannot be read.
    analysed : samples of both that are not excluded, in the order of the sheet.
    in_design : samples for which the design can be checked; with ids that do not match, those of the sheet too.
    has_matches : whether any sample is in both files.
    """

    def __init__(self, report: Report, source: Source, ingest: Mapping[str, Any]) -> None:
        self.report, self.source, self.ingest = report, source, ingest
        self.located = Located()
        self.scan: Scan | None = None
        self.sheet: Sheet | None = None
        self.analysed: list[str] = []
        self.in_design: list[str] = []
        self.has_matches = True

    def key(self, name: str) -> str:
        """Return where the configuration has a setting of this source."""
        site = self.source.site
        return f"ingest.sites.{site}.{name}" if site else f"ingest.{name}"

    def read(self) -> None:
        """Open both files."""
        source = self.source
        self.located = locate_source(source)
        self.scan = scan_source(source, self.located)
        self.sheet, faults = inspect_sheet(source.samples, source.sample_column)
        transposed = self._transposed_sheet()
        if transposed:
            self.sheet = None
            self.report.data_problem(source.samples, transposed)
            return
        for fault in faults:
            of_archive = self.sample_ids_of_archive() if FORMATS[self.located.format].by_sheet else None
            if fault.place == "header" and of_archive is not None:
                fault = fault._replace(cure=f"Set {self.key('sample_column')}: {of_archive}.")
            column = self.column_of_ids() if fault.place == "header" and self.scan.samples else None
            if column is not None:
                if column in self.scan.samples:
                    cure = f"The first line holds the sample {quoted(column)}: write a line of column names above it, "
                    cure += f"with {quoted(source.sample_column)} over the ids."
                else:
                    cure = f"The column {quoted(column)} holds the names in the counts: set "
                    cure += f"{self.key('sample_column')}: {column}."
                fault = fault._replace(cure=cure)
            self.report.data_problem(source.samples, fault)
        if self.sheet:
            for note in self.sheet.notes:
                self.report.note(source.samples, note.place, note.what, note.cure)

    def _transposed_sheet(self) -> Finding | None:
        """Say if the samples of the counts are the columns of the sheet."""
        names = set(self.scan.samples)
        if self.sheet and names & {*self.sheet.sample_ids}:
            return None
        try:
            columns = list(read_columns(self.source.samples))
        except DataError:
            return None
        among = [name for name in columns if name in names]
        if len(among) < 2 or len(among) * 2 < len(columns):
            like = likeness(columns[1:], self.scan.samples)
            among = [first for first, _ in like.pairs] if like else []
            if len(among) < 3 or len(among) * 2 < len(columns):
                return None
        what = f"the samples ({listed(among, 2)}) are in the columns of the sheet, and its lines are their properties."
        cure = "Transpose the sheet: one line per sample, one column per property."
        return Finding("header", what, f"{cure} (In a spreadsheet: copy, paste special, transpose.)")

    def values(self) -> None:
        """What the counts hold."""
        ingest, scan, path = self.ingest, self.scan, self.source.counts
        form = FORMATS[scan.format]
        sample_ids = self.sheet.sample_ids if self.sheet else None
        is_estimated = ingest["estimated_counts"] or form.estimated
        faults, notes = scan_faults(scan, is_estimated, ingest["duplicate_genes"], sample_ids)
        for fault in faults:
            self.report.data_problem(path, fault)
        for note in notes:
            self.report.note(path, note.place, note.what, note.cure)
        self._sheet_of_workbook()
        if form.of_transcripts and ingest["tx2gene"] is None:
            what = f"the counts are {form.words}, which count transcripts."
            cure = "Name a table of the transcripts and their genes."
            of_genes = next((kind for kind, other in FORMATS.items() if other.rather == scan.format), None)
            if of_genes and not all(file.endswith((".sf", ".sf.gz")) for file in self.located.files):
                cure += f" If the ids are those of genes already, set {self.key('format')}: {of_genes}."
            self.report.problem("ingest.tx2gene", what, cure)
        elif form.of_transcripts:
            self._transcripts(scan, ingest["tx2gene"])
        needs_lengths = form.lengths_file and scan.n_fractions
        if needs_lengths and ingest["length_matrix"] is None and ingest["length_correction"] != "none":
            what = "the counts are Salmon's, and how long the transcripts are in each sample is not given."
            cure = f"Name the file '{form.lengths_file}' under ingest.length_matrix, or, if they are length-"
            cure += "scaled counts, set ingest.length_correction: none."
            self.report.note(path, "", what, cure)
        self._versions(scan)
        if not scan.samples:
            self.scan = None
            return
        for name in self.source.ignore_columns:
            if not scan.is_partial and name not in scan.columns:
                cure = suggestion(name, scan.columns, "The columns are")
                self.report.problem(self.key("ignore_columns"), f"the counts have no column {quoted(name)}.", cure)
        if "gene" in scan.samples:
            what = "a sample is called 'gene', which is the name of the column of gene ids in every table."
            cure = "Rename the sample, or set ingest.gene_column: gene."
            self.report.data_problem(path, Finding("header", what, cure))

    def _transcripts(self, scan: Scan, path: str) -> None:
        """How many of the transcripts of the first file have a gene."""
        transcripts = scan.genes
        # A job reads compressions that the standard library does not know.
        if not transcripts or not os.path.isfile(path) or path.endswith((".zst", ".bz2", ".xz", ".zip")):
            return
        key, bound = "ingest.tx2gene", self.ingest["max_transcripts_without_gene"]
        try:
            found = genes_of_transcripts(transcripts, read_transcript_genes(path))
        except DataError as error:
            what, _, cure = str(error).partition(". ")
            self.report.problem(key, f"{what}.", cure)
            return
        if not found.n_missing:
            return
        what = f"{path}: {found.n_missing:,} of {counted(len(transcripts), 'transcript')} ({found.share_missing:.1%}) "
        what += f"have no gene there, e.g. {shown_missing(transcripts, found)}"
        if found.share_missing > bound or found.n_missing == len(transcripts):
            what += f"; at most {bound:.0%} may lack one." if found.share_missing > bound else "."
            cure = "Give the table of the annotation that was quantified, or raise ingest.max_transcripts_without_gene."
            self.report.problem(key, what, cure)
        else:
            what += ": their reads are left out."
            self.report.note(self.report.file, key, what, "Give the table of the annotation that was quantified.")

    def _versions(self, scan: Scan) -> None:
        """What cutting versions does to the gene ids."""
        if self.ingest["gene_versions"] != "strip" or scan.faults or FORMATS[scan.format].of_transcripts:
            return
        genes = scan.genes
        if not genes:
            return
        if not any(map(has_version, genes)):
            dotted = sorted(odd_dots(genes))
            example = f" (of {dotted[0]} it may be a part)" if dotted else ""
            what = f"no gene id has a version that is known as one{example}, so nothing is cut."
            self.report.note(self.report.file, "ingest.gene_versions", what, "Set it to keep, or leave it out.")
        repeated = repeated_without_versions(genes)
        if repeated and self.ingest["duplicate_genes"] == "error":
            number = len(repeated)
            examples = [gene for gene in genes if without_version(gene) == repeated[0]]
            what = f"without their versions, {counted(number, 'gene id')} {verb(number, 'occurs', 'occur')} more than "
            what += f"once: {listed(repeated, 3, quote=False)} ({' and '.join(sorted(examples)[:2])})."
            cure = "Set ingest.duplicate_genes: sum, or ingest.gene_versions: keep."
            self.report.data_problem(self.source.counts, Finding("", what, cure))

    def _sheet_of_workbook(self) -> None:
        name, path = self.source.sheet, self.source.counts
        if name is None or self.located.faults:
            return
        if self.located.format != "xlsx":
            what = f"is {quoted(name)}, but {path} is no workbook of Excel."
            self.report.problem(self.key("sheet"), what, "Leave it out.")
            return
        names = sheet_names(path)
        if names and name not in names:
            what = f"{path} has no sheet {quoted(name)}."
            self.report.problem(self.key("sheet"), what, suggestion(name, names, "Its sheets are"))

    def column_of_ids(self) -> str | None:
        """Return the column of the sheet whose values are the sample names in the counts."""
        try:
            columns = read_columns(self.source.samples)
        except DataError:
            return None
        return matching_column(columns, self.scan.samples)

    def sample_ids_of_archive(self) -> str | None:
        """Return the column of an archive's sheet of files that names the samples."""
        try:
            return column_of_archive(read_columns(self.source.samples))
        except DataError:
            return None

    @property
    def count_ids(self) -> list[str]:
        """Samples in the counts; without readable counts the sheet alone says which samples there are."""
        if self.scan is not None:
            # What holds more than counts is not read, but can be a sample that the sheet lacks.
            return [*self.scan.samples, *(name for name, kind in self.scan.beside.items() if not kind)]
        return self.sheet.sample_ids if self.sheet else []

    @property
    def known_ids(self) -> list[str]:
        """Every sample of either file."""
        return list(dict.fromkeys([*(self.sheet.sample_ids if self.sheet else ()), *self.count_ids]))

    def ids(self) -> None:
        """Match ids both ways; sets the analysed samples."""
        if self.sheet is None:
            return
        ingest, sheet_ids, ignored = self.ingest, self.sheet.sample_ids, self.source.ignore_columns
        prefix, count_ids = self.source.prefix, self.count_ids
        excluded = {name.removeprefix(prefix) for name in ingest["exclude_samples"] if name.startswith(prefix)}
        for sample in sheet_ids:
            if sample in ignored:
                what = f"{quoted(sample)} is a sample of the sheet."
                cure = "To leave it out, list it under ingest.exclude_samples with the reason."
                self.report.problem(self.key("ignore_columns"), what, cure)
        only_sheet = without(sheet_ids, {*count_ids, *excluded, *ignored})
        only_counts = without(count_ids, {*sheet_ids, *excluded})
        both = set(sheet_ids) & set(count_ids)
        lost = self._files_not_taken(only_sheet)
        only_sheet = without(only_sheet, lost)
        if not both and only_sheet:
            self._no_sample_matches(only_sheet, only_counts)
            self.in_design, self.has_matches = only_sheet, False
            return
        if only_sheet or only_counts:
            are_dropped = ingest["unmatched_samples"] == "drop"
            self._some_samples_differ(only_sheet, only_counts, are_dropped)
        self.analysed = [sample for sample in sheet_ids if sample in both and sample not in excluded]
        # With ids that do not match, the design is checked for all samples of the sheet: the ids will be mended.
        mended = ingest["unmatched_samples"] == "error"
        self.in_design = [*self.analysed, *only_sheet, *lost] if mended else self.analysed

    def _files_not_taken(self, only_sheet: Sequence[str]) -> dict[str, PassedOver]:
        """Say which files of a folder are passed over; returns those of samples that have no other."""
        located, path = self.located, self.source.counts
        lost: dict[str, PassedOver] = {}
        for sample in only_sheet:
            files = [file for file in [*located.passed_over, *located.others] if file.may_be_of(sample)]
            if files:
                lost[sample] = min(files, key=lambda file: len(file.file))
        for sample, file in list(lost.items())[:3]:
            cure = (
                f"It is most likely that of the sample {quoted(sample)}: write it as the other files are, or copy it "
            )
            cure += "again."
            if file.file == list(lost.values())[min(2, len(lost) - 1)].file and len(lost) > 3:
                cure += f" So are the files of {counted(len(lost) - 3, 'more sample')}."
            self.report.data_problem(path, Finding("", file.what, cure))
        others = [file for file in located.passed_over if file not in lost.values()]
        for file in others[:1]:
            more = f" So are {listed([other.file for other in others[1:]])}." if others[1:] else ""
            self.report.note(path, "", f"{file.what}{more}", "Nothing is to be done if it holds no counts of a sample.")
        return lost

    def empty_samples(self) -> None:
        """Samples without counts, which are more likely a mistake than a result."""
        scan = self.scan
        if scan is None or scan.is_partial or not scan.is_readable or scan.text_cells:
            return
        totals = dict(zip(scan.samples, scan.totals, strict=True))
        empty = [sample for sample in self.analysed if totals[sample] == 0]
        if empty:
            what = f"{listed(empty)} {verb(len(empty), 'has', 'have')} no counts at all."
            cure = "Find out what went wrong, or list the sample under ingest.exclude_samples with the reason."
            self.report.data_problem(self.source.counts, Finding("", what, cure))
        full = sorted(totals[sample] for sample in self.analysed if totals[sample])
        median = full[len(full) // 2] if full else 0
        small = [sample for sample in self.analysed if 0 < totals[sample] * 100 < median]
        if small:
            what = f"{listed(small)} {verb(len(small), 'has', 'have')} less than 1 % of the usual number of counts "
            what += f"({totals[small[0]]:,.0f}; the median is {median:,.0f})."
            cure = "Find out what went wrong; list a failed sample under ingest.exclude_samples with the reason."
            self.report.note(self.source.counts, "", what, cure)

    def zeros(self, method: str) -> None:
        """Every gene has a zero, so that samples cannot be compared by genes that all have."""
        scan, ingest = self.scan, self.ingest
        is_known = scan is not None and not scan.is_partial and scan.is_readable and scan.n_genes > 0
        # Sums of rows or of replicates have fewer zeros than their parts.
        totals = dict(zip(scan.samples, scan.totals, strict=True)) if is_known else {}
        is_known = is_known and not scan.text_cells and all(totals.get(sample) for sample in self.analysed)
        is_summed = ingest["duplicate_genes"] == "sum" or ingest["replicate_column"] is not None
        if not is_known or is_summed or scan.has_full_gene or not METHODS[method].needs_full_gene or not self.analysed:
            return
        if set(scan.samples) != set(self.analysed) and has_full_gene(scan, self.analysed):
            return
        what = f"every gene has a zero in at least one sample, so that {method} has no gene to compare the samples by."
        cure = "Set normalize.size_factors: poscounts, which takes such genes too, or exclude the samples with the "
        cure += "fewest reads."
        self.report.data_problem(self.source.counts, Finding("", what, cure))

    def _no_sample_matches(self, only_sheet: list[str], only_counts: list[str]) -> None:
        source, column = self.source, self.column_of_ids()
        if set(only_sheet) & set(self.scan.first_genes):
            what = "the sample ids stand in the first column, so the genes are in the columns."
            cure = "Transpose the table: one line per gene, one column per sample."
            self.report.data_problem(source.counts, Finding("header", what, cure))
        elif column is None and likeness(only_sheet, only_counts):
            self._some_samples_differ(only_sheet, only_counts, are_dropped=False)
        else:
            what = f"no sample id of the sheet ({listed(only_sheet, 3)}) is in the header of the counts "
            what += f"({listed(only_counts, 3)})."
            cure = f"Check that {source.counts} and {source.samples} belong together, and {self.key('sample_column')}."
            if column is not None:
                cure = f"The column {quoted(column)} holds those names: set {self.key('sample_column')}: {column}."
            self.report.data_problem(source.samples, Finding(source.sample_column, what, cure))

    def _some_samples_differ(self, only_sheet: list[str], only_counts: list[str], are_dropped: bool) -> None:
        source = self.source
        like = likeness(only_sheet, only_counts)
        pairs = like.pairs if like else []
        if are_dropped:
            if pairs:
                number = len(pairs)
                what = f"{counted(number, 'sample')} {verb(number, 'is', 'are')} dropped though the ids are alike: "
                what += shown_pairs(pairs)
                self.report.note(source.samples, source.sample_column, what, "Write them alike to keep the samples.")
            return
        if pairs:
            number = len(pairs)
            what = f"{counted(number, 'id')} {verb(number, 'differs', 'differ')} from the counts in {like.how}: "
            what += shown_pairs(pairs)
            self.report.data_problem(source.samples, Finding(source.sample_column, what, like.cure))
        only_sheet = without(only_sheet, {first for first, _ in pairs})
        only_counts = without(only_counts, {second for _, second in pairs})
        leave_out = "Correct the id, exclude the sample with a reason, or set ingest.unmatched_samples: drop."
        if only_sheet:
            number = len(only_sheet)
            what = f"{counted(number, 'sample')} of the sheet {verb(number, 'is', 'are')} not in the counts: "
            fault = Finding(source.sample_column, f"{what}{listed(only_sheet)}.", leave_out)
            self.report.data_problem(source.samples, fault)
        only_counts = without(only_counts, set(annotation_columns(self.scan, self.sheet.sample_ids)))
        if only_counts:
            number, them = len(only_counts), verb(len(only_counts), "it", "them")
            noun = "sample" if self.scan.is_partial else "column"
            what = f"{counted(number, noun)} {verb(number, 'is', 'are')} not in the sample sheet: "
            what += f"{listed(only_counts)}."
            cure = f"Add {them} to the sheet, exclude {them} with a reason, "
            if not self.scan.is_partial:
                cure += f"list what is no sample under {self.key('ignore_columns')}, "
            cure += "or set ingest.unmatched_samples: drop."
            self.report.data_problem(source.counts, Finding("" if self.scan.is_partial else "header", what, cure))


class Inputs:
    """The counts and sheets of all sites together.

    Attributes
    ----------
    sheet : the joined one; None if a sheet cannot be read.
    analysed : samples that are analysed, before technical replicates are summed.
    columns : columns of the samples for which the design can be checked, technical replicates summed; empty if unknown.
    """

    def __init__(self, report: Report, ingest: Mapping[str, Any]) -> None:
        self.report, self.ingest = report, ingest
        self.sources = [SourceCheck(report, source, ingest) for source in sources_of(ingest)]
        self.is_multisite = bool(ingest.get("sites"))
        self.sheet: Sheet | None = None
        self.analysed: list[str] = []
        self.columns: dict[str, list[str]] = {}

    def check(self) -> None:
        """Run every check of the inputs, in the order in which a reader would mend things."""
        for source in self.sources:
            source.read()
        for source in self.sources:
            source.values()
        self._exclusions()
        self._named_rows()
        for source in self.sources:
            source.ids()
        if all(source.sheet for source in self.sources):
            self._join()
        if self.is_multisite:
            self._sites()
        elif self.ingest["same_ids"] == "prefix":
            what = "is for several sites, and there is one source of counts."
            self.report.problem("ingest.same_ids", what, "Leave it out, or name the sites under ingest.sites.")
        if self.columns and self.ingest["replicate_column"] is not None:
            self._replicates(self.ingest["replicate_column"])

    def genes(self) -> set[str] | None:
        """Return the gene ids of all sites as the run will know them; None where only a job reads them."""
        if any(source.scan is None or not source.scan.gene_ids or source.scan.faults for source in self.sources):
            return None
        if any(FORMATS[source.scan.format].of_transcripts for source in self.sources):
            return None
        sites = [set(source.scan.genes) for source in self.sources]
        if self.ingest["gene_versions"] == "strip":
            sites = [set(map(without_version, genes)) for genes in sites]
        return set.intersection(*sites) if self.ingest["merge_genes"] == "intersection" else set.union(*sites)

    def _exclusions(self) -> None:
        if any(source.sheet is None for source in self.sources):
            return
        samples = [f"{source.source.prefix}{sample}" for source in self.sources for sample in source.known_ids]
        samples = list(dict.fromkeys(samples))
        for sample in self.ingest["exclude_samples"]:
            if sample not in samples:
                what = f"{quoted(sample)} is neither in the counts nor in the sample sheet."
                self.report.problem("ingest.exclude_samples", what, suggestion(sample, samples, "The samples are"))

    def _named_rows(self) -> None:
        """Rows to drop or to keep must be there, at one of several sites."""
        scans = [source.scan for source in self.sources]
        for name in self.ingest["keep_rows"]:
            if name in self.ingest["drop_rows"]:
                what = f"{quoted(name)} is under ingest.drop_rows as well."
                self.report.problem("ingest.keep_rows", what, "Decide for one of them.")
        if any(scan is None or scan.is_partial or not scan.is_readable for scan in scans):
            return
        there = {name for scan in scans for name in scan.named_rows}
        near = [name for scan in scans for name in (*scan.sum_rows, *scan.no_genes, *scan.kept_words)]
        for setting in ("drop_rows", "keep_rows"):
            for name in self.ingest[setting]:
                if name not in there:
                    cure = "Write the id as it stands in the first column, or take it off the list."
                    cure = suggestion(name, near, "Totals that are there are") if near else cure
                    self.report.problem(f"ingest.{setting}", f"the counts have no row {quoted(name)}.", cure)

    def _join(self) -> None:
        if self.is_multisite:
            sheets = {each.source.site: prefixed(each.sheet, each.source.prefix) for each in self.sources}
            self.sheet, faults = joined_sheets(sheets, "sample")
            for fault in faults:
                self.report.data_problem(self.report.file, fault)
            if faults:
                self.sheet = None
                return
        else:
            self.sheet = self.sources[0].sheet
        self.analysed = [f"{each.source.prefix}{sample}" for each in self.sources for sample in each.analysed]
        in_design = [f"{each.source.prefix}{sample}" for each in self.sources for sample in each.in_design]
        if len(self.analysed) < 2 and all(source.has_matches for source in self.sources):
            number = len(self.analysed)
            what = f"{counted(number, 'sample')} {verb(number, 'is', 'are')} left to analyse."
            self.report.design_problem("ingest.exclude_samples", what, "A comparison needs samples of two groups.")
            return
        for source in self.sources:
            source.empty_samples()
            source.zeros(self.report.analysis["normalize"]["size_factors"])
        self.columns = self.sheet.select(in_design)

    def _sites(self) -> None:
        ingest = self.ingest
        if ingest["merge_genes"] == "union" and ingest["union_fill"] is None:
            what = "is not given, so it is not known what a gene counts at a site that does not have it."
            self.report.problem(
                "ingest.union_fill", what, "Set it, e.g. to 0, or set ingest.merge_genes: intersection."
            )
        kinds = {}
        for source in self.sources:
            genes = source.scan.first_genes if source.scan else []
            kind = _kind_of_ids(genes)
            if kind:
                kinds.setdefault(kind, (source.source.site, genes[0]))
        if len(kinds) > 1 and not (
            set(kinds) == {"Ensembl", "versioned Ensembl"} and ingest["gene_versions"] == "strip"
        ):
            kinds_in_words = "; ".join(f"{site} has {kind} ids ({gene})" for kind, (site, gene) in kinds.items())
            cure = "Give counts with the same kind of gene id at every site."
            if set(kinds) == {"Ensembl", "versioned Ensembl"}:
                cure = "Set ingest.gene_versions: strip."
            self.report.data_problem(
                self.report.file, Finding("ingest.sites", f"the gene ids do not match: {kinds_in_words}.", cure)
            )
        elif "versioned Ensembl" in kinds and ingest["gene_versions"] == "keep" and len(self.sources) > 1:
            what = "the gene ids have versions, which differ between releases of the annotation."
            self.report.note(
                self.report.file, "ingest.gene_versions", what, "Set it to strip if the sites' releases differ."
            )

    def _replicates(self, key: str) -> None:
        setting = "ingest.replicate_column"
        ids = self.columns[self.sheet.sample_column]
        if key not in self.columns:
            what = f"the sample sheet has no column {quoted(key)}."
            self.report.problem(setting, what, suggestion(key, list(self.columns), "The columns are"))
            return
        blank = [sample for sample, value in zip(ids, self.columns[key], strict=True) if not value]
        if blank:
            what = f"the column {quoted(key)} is blank for {listed(blank)}."
            cure = "Write the sample that each is a replicate of; one of its own where there are no others."
            self.report.data_problem(self.sheet.path, Finding(key, what, cure))
            return
        sums = collapsed(self.columns, self.sheet.sample_column, key)
        if len(sums.parts) == len(ids):
            what = f"every value of {quoted(key)} stands there once, so nothing is summed."
            self.report.problem(
                setting, what, "Name the column that says which rows are of one sample, or leave it out."
            )
        taken = [name for name, parts in sums.parts.items() if name in ids and parts != [name]]
        if taken:
            what = f"{listed(taken)} {verb(len(taken), 'names', 'name')} a sum and one of the rows that are summed."
            self.report.data_problem(self.sheet.path, Finding(key, what, "Give the sum another name than its parts."))
        # Where the parts are of different samples, the sums have no levels that could be checked.
        if not self._differing_parts(sums):
            self.columns = sums.columns

    def _differing_parts(self, sums: Collapsed) -> bool:
        analysis = self.report.analysis
        named = {*analysis["design"]["factors"], *analysis["design"]["covariates"]}
        wrong = {name: samples for name, samples in sums.differing.items() if name in named}
        for name, samples in wrong.items():
            what = f"the rows that are summed to {listed(samples)} differ in {quoted(name)}, which is in the design: "
            what += "they are no technical replicates."
            cure = "Correct the column, or take it out of the design; biological replicates are never summed."
            self.report.data_problem(self.sheet.path, Finding(name, what, cure))
        return bool(wrong)


def without(names: Iterable[str], unwanted: set[str]) -> list[str]:
    """Return the names that are not unwanted."""
    return [name for name in names if name not in unwanted]


def _kind_of_ids(genes: Sequence[str]) -> str | None:
    patterns = {"versioned Ensembl": r"ENS[A-Z]*G\d+[._].+", "Ensembl": r"ENS[A-Z]*G\d+", "number": r"\d+"}
    for kind, pattern in patterns.items():
        if sum(bool(re.fullmatch(pattern, gene)) for gene in genes) > len(genes) / 2:
            return kind
    return "other" if genes else None
