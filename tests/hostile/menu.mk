.PHONY: hostile

hostile: .venv/ready  ## slow, rude, silent and wrong clients; ARGS=--list names them
	$(BIN)/python -m tests.hostile $(ARGS)
