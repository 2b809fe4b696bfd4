"""What customers do next: a contest of forecasters on earlier days, each customer's outlook, and who is at risk."""
