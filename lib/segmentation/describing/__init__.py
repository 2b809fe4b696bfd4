"""What describes a customer: the list of features, and one module a group that expresses them."""
