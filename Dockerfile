# The workflow with its locked packages, for Apptainer, Docker or Kubernetes:
#   docker build -t degsteps . && docker run --rm -v "$PWD:/data" degsteps --cores 2 airway
# The folder that is mounted at /data holds your config/ and data and receives results/. All packages come from the
# lock files with their hashes; nothing is solved or compiled (connection-pool is Python, and has no wheel).
FROM python:3.12-slim-bookworm

# git: Snakemake loads modules from Git hosts with it.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/degsteps
COPY envs/core.lock.txt envs/slurm.lock.txt envs/
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes \
    --only-binary :all: --no-binary connection-pool \
    -r envs/core.lock.txt -r envs/slurm.lock.txt
COPY Snakefile pyproject.toml LICENSE ./
COPY rules rules
COPY scripts scripts
COPY envs envs
COPY profiles profiles
COPY config config
COPY resources resources

# Numba and matplotlib keep caches; a container that runs as any user can write to /tmp only.
ENV PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/tmp/cache MPLCONFIGDIR=/tmp/matplotlib NUMBA_CACHE_DIR=/tmp/numba
WORKDIR /data
ENTRYPOINT ["snakemake", "--snakefile", "/opt/degsteps/Snakefile"]
CMD ["--help"]
