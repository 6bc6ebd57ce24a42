# Bot and worker in one image; compose.yaml says what runs. Where a GPU is to decode, a worker needs torch too:
#   docker compose build --build-arg EXTRAS=discord,queue,postgres,redis,train worker
# (torch from another index: --build-arg PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cu126)
FROM python:3.11-slim

ARG EXTRAS=discord,queue,postgres,redis
ARG PIP_EXTRA_INDEX_URL=
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_DATA_HOME=/data \
    NUMBA_CACHE_DIR=/data/kernels

# A user without rights, and the one folder that it may write.
RUN useradd --system --uid 10001 --create-home songwright \
    && install -d -o songwright -g songwright /data

WORKDIR /srv/songwright
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot ./bot
COPY engine ./engine
COPY migrations ./migrations
COPY worker ./worker
RUN pip install --no-cache-dir -c constraints.txt ".[${EXTRAS}]" && rm -rf build

WORKDIR /data
USER songwright
VOLUME /data
EXPOSE 9101
ENTRYPOINT ["songwright"]
CMD ["up"]
