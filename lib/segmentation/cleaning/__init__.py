"""The parts of step 02: rules, policies, repairs, and the account of every line and cent."""
