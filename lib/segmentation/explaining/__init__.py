"""Step 04: say in a marketer's words who is in each segment, and why a customer is in theirs."""
