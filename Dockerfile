# One image for each service: `docker build --target orders .`; `suite` is the demo and the
# audit. Each holds Python, its own requirements, `common` and its own code, nothing else.

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

FROM build AS orders-built
COPY requirements/orders.txt /
RUN pip install --no-compile -r /orders.txt && $COMPILE /venv
COPY --from=source /app ./
RUN deploy/collect-static orders

FROM build AS inventory-built
COPY requirements/inventory.txt /
RUN pip install --no-compile -r /inventory.txt && $COMPILE /venv
COPY --from=source /app ./
RUN deploy/collect-static inventory

FROM build AS payments-built
COPY requirements/payments.txt /
RUN pip install --no-compile -r /payments.txt && $COMPILE /venv
COPY --from=source /app ./
RUN deploy/collect-static payments

FROM build AS suite-built
COPY requirements/suite.txt /
RUN pip install --no-compile -r /suite.txt && $COMPILE /venv

FROM python AS orders
COPY --from=orders-built /venv /venv
COPY --from=orders-built /app/.run .run
COPY --from=source /app/manage.py ./
COPY --from=source /app/common common
COPY --from=source /app/orders orders
USER 10001:10001
ENTRYPOINT ["python", "manage.py", "orders"]

FROM python AS inventory
COPY --from=inventory-built /venv /venv
COPY --from=inventory-built /app/.run .run
COPY --from=source /app/manage.py ./
COPY --from=source /app/common common
COPY --from=source /app/inventory inventory
USER 10001:10001
ENTRYPOINT ["python", "manage.py", "inventory"]

FROM python AS payments
COPY --from=payments-built /venv /venv
COPY --from=payments-built /app/.run .run
COPY --from=source /app/manage.py ./
COPY --from=source /app/common common
COPY --from=source /app/payments payments
USER 10001:10001
ENTRYPOINT ["python", "manage.py", "payments"]

FROM python AS suite
COPY --from=suite-built /venv /venv
COPY --from=source /app/manage.py ./
COPY --from=source /app/common common
COPY --from=source /app/deploy deploy
COPY --from=source /app/suite suite
USER 10001:10001
ENTRYPOINT ["python", "manage.py"]
