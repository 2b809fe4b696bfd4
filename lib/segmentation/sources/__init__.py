"""What a user's names lead to: files of many kinds, archives and databases, each as a table of text."""
