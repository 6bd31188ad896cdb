"""One function for each thing a person can do. One transaction; records a wish, never acts."""
