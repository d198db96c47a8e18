"""Labelled rows to dataset to training to evaluation to release."""
