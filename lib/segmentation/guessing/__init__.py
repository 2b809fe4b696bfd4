"""What an unknown file's columns mean, guessed from their names and contents, with the grounds."""
