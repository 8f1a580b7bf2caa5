.PHONY: mutants

mutants: .venv/ready  ## remove each protection in turn; the simulation must notice
	$(BIN)/python -m tests.mutants --write $(ARGS)
