"""How fast it is, as ratios and differences against a baseline taken in the same run."""
