# `docker build --target service --build-arg SERVICE=orders .` makes a service's image;
# the target `suite` is the demo and the audit. Each holds Python, its own requirements,
# `common` and its own code, nothing else.

FROM python:3.13-slim AS python
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin app

# wheels only: no stage needs a compiler, and what installs them stays behind
FROM python AS build
ENV PIP_PYTHON=/venv/bin/python PIP_REQUIRE_HASHES=1 PIP_ONLY_BINARY=:all: \
    PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    COMPILE="python -m compileall -q --invalidation-mode unchecked-hash"
RUN python -m venv --without-pip /venv

# the umask of the clone must not decide what a container may read
FROM build AS source
COPY . ./
RUN chmod -R u=rwX,go=rX . && $COMPILE .

FROM build AS suite-built
COPY requirements/suite.txt /
RUN pip install --no-compile -r /suite.txt && $COMPILE /venv

FROM python AS suite
COPY --from=suite-built /venv /venv
COPY --from=source /app/manage.py ./
COPY --from=source /app/common common
COPY --from=source /app/deploy deploy
COPY --from=source /app/suite suite
USER 10001:10001
ENTRYPOINT ["python", "manage.py"]

# behind the suite: the classic builder builds every stage before its target
FROM build AS service-built
ARG SERVICE
COPY requirements/${SERVICE}.txt /requirements.txt
RUN pip install --no-compile -r /requirements.txt && $COMPILE /venv
COPY --from=source /app ./
RUN deploy/collect-static ${SERVICE}

FROM python AS service
ARG SERVICE
COPY --from=service-built /venv /venv
COPY --from=service-built /app/.run .run
COPY --from=source /app/manage.py ./
COPY --from=source /app/common common
COPY --from=source /app/${SERVICE} ${SERVICE}
USER 10001:10001
ENTRYPOINT ["python", "manage.py"]
