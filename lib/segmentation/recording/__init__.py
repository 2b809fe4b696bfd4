"""The record of every run: what went in, which numbers came out, which files were made; in MLflow, too, if asked."""
