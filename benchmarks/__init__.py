"""Measurements of the product on the machine at hand; results go into benchmarks/results/."""
