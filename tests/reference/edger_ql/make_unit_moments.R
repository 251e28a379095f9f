#!/usr/bin/env Rscript
# What edgeR >= 4.4 takes for the two moments of a unit deviance, measured at Chebyshev nodes of the regions in which it is smooth.
#   Rscript tests/reference/edger_ql/make_unit_moments.R     (from the top of the repository)
# A unit deviance with mean m and variance v at the mean count mu is worth 2 m^2 / v degrees of freedom (kappa), and is multiplied
# by 2 m / v (alpha) before deviances are added up (Chen et al. 2025). edgeR approximates both to 1e-4 to 2e-3. Where its regions
# end is stated in edgeR's source; in each the variable is mu, or 1 / mu where `inverse` is 1. Below the mean count 0.01 or 0.02 what
# is written is divided by its limit: alpha by -log(mu) / (1 + log(mu))^2, kappa by mu * (log(mu) / (1 + log(mu)))^2.
suppressPackageStartupMessages(library(edgeR))
N_MU <- 12; N_PHI <- 10
cheb <- function(n) cos(pi * (2 * seq_len(n) - 1) / (2 * n))
node <- function(n, from, to) (from + to) / 2 + (to - from) / 2 * cheb(n)
moments <- function(mu, phi) {
  k <- length(mu); mean <- matrix(mu, k, 3); y <- 2 * mean + 1
  disp <- makeCompressedMatrix(phi, dim(y), byrow = FALSE); one <- makeCompressedMatrix(1, dim(y), byrow = TRUE)
  out <- .Call(edgeR:::.cxx_compute_adj_mat, y, mean, matrix(1, 3, 1), disp, 1, one)
  list(alpha = (out$unit.deviance / nbinomUnitDeviance(y, mean, phi))[, 1], kappa = (out$unit.df / (1 - out$leverage))[, 1])
}
regions <- list(
  alpha = list(list(phi = c(0, 0.736), mu = c(0, .01, .02, .33, .4249, 1.5, 1.77, 3.544, 4, 10, 20, 25, 30, 40, 60), inverse = c(60, 80, 120, Inf)),
               list(phi = c(0.736, 4), mu = c(0, .01, .43, 3.62, 10, 30, 50), inverse = c(50, 100, 1000, 5000, Inf))),
  kappa = list(list(phi = c(0, 0.736), mu = c(0, .01, .02, .33, .4966, 1.3, 1.5, 4, 4.2714, 10, 20, 25, 30, 40, 60), inverse = c(60, 80, 120, 250, Inf)),
               list(phi = c(0.736, 4), mu = c(0, .01, .5, 3.88, 10, 30, 50), inverse = c(50, 100, 1000, 5000, Inf))))
lines <- character()
for (what in names(regions)) for (band in regions[[what]]) {
  # The smooth functions of the second band are those of dispersions from 0 on; edgeR uses them from 0.736 on, where they are measured.
  phis <- node(N_PHI, band$phi[1], band$phi[2])
  cuts <- c(head(band$mu, -1), band$inverse); n_plain <- length(band$mu) - 1
  for (r in seq_len(length(cuts) - 1)) {
    from <- cuts[r]; to <- cuts[r + 1]; inverse <- as.integer(r > n_plain)
    mu <- if (inverse) 1 / node(N_MU, 1 / to, 1 / from) else node(N_MU, from, to)
    limit <- if (to > .02) 1 else if (what == "alpha") -log(mu) / (1 + log(mu))^2 else mu * (log(mu) / (1 + log(mu)))^2
    for (phi in phis) {
      value <- moments(mu, phi)[[what]] / limit
      lines <- c(lines, paste(c(what, band$phi, format(c(from, to), digits = 15, trim = TRUE), inverse, sprintf("%.11g", value)), collapse = "\t"))
    }
  }
}
head <- paste(c("moment", "phi_from", "phi_to", "mean_from", "mean_to", "inverse", paste0("value_", seq_len(N_MU))), collapse = "\t")
out <- if (length(commandArgs(TRUE))) commandArgs(TRUE)[1] else "scripts/degsteps/engines/edger_ql/data/unit_moments.tsv"
writeLines(c(head, gsub("Inf", "inf", lines)), out)
