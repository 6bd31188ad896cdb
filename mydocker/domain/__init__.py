"""Rules: values in, values out. No await, no clock, no logging, the standard library alone."""
