.PHONY: chaos chaos-plots

chaos: .venv/ready  ## ten minutes of real processes under a nemesis, then their books
	$(BIN)/python -m tests.chaos $(ARGS)

chaos-plots: .venv-lab/ready
	.venv-lab/bin/python -m tests.chaos.plot tests/chaos/results/*.json
