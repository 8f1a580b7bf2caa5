.PHONY: simulate points

simulate: .venv/ready  ## orders in virtual time with random misfortunes; SEEDS=1000
	$(BIN)/python -m tests.simulation seeds --seeds $(or $(SEEDS),1000) $(ARGS)

points: .venv/ready  ## die, then stand still, at each commit and send of an order's way
	$(BIN)/python -m tests.simulation points $(ARGS)
	$(BIN)/python -m tests.simulation points --fault stall $(ARGS)
