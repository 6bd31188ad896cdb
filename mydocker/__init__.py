"""myDocker: the working environments teachers define, in a student's browser, in a second."""

__version__ = "0.1.0"
