# mmaddp with all that it needs, in /opt/mmaddp; runs as an ordinary user. See docs/installation.md.
#   docker build -t mmaddp .                                                           CPU
#   docker build -t mmaddp:cuda --build-arg TORCH_INDEX=https://pypi.org/simple .      CUDA
# Checked by hadolint and by tests; the build itself: not run.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS build
# Where torch comes from: PyPI's wheels bring CUDA, these are a tenth of their size.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/mmaddp
ENV PATH=/opt/mmaddp/bin:$PATH
WORKDIR /src
# Packages first: their layers stay when only the code changes.
COPY requirements requirements
RUN pip install --no-cache-dir -c requirements/constraints-onedl.txt \
        --index-url "${TORCH_INDEX}" torch torchvision
# opencv-python, which some of them ask for, needs libGL: the headless build comes last.
RUN pip install --no-cache-dir -c requirements/constraints-onedl.txt \
        -r requirements/onedl.txt -r requirements/runtime.txt \
    && pip install --no-cache-dir --force-reinstall --no-deps -c requirements/constraints-onedl.txt \
        opencv-python-headless
COPY setup.py pyproject.toml MANIFEST.in README.md LICENSE model-index.yml ./
COPY configs configs
COPY tools tools
COPY mmaddp mmaddp
RUN pip install --no-cache-dir --no-deps .

FROM python:${PYTHON}-slim-bookworm
RUN useradd --create-home --uid 1000 mmaddp && install -d -o mmaddp -g mmaddp /work
COPY --from=build /opt/mmaddp /opt/mmaddp
# Other users (docker run --user) have no home folder to write to.
ENV PATH=/opt/mmaddp/bin:$PATH PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["mmaddp"]
CMD ["--help"]
