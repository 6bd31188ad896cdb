"""Rules are tried with drawn values; how long that takes says more of the machine than of them."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "rules", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("rules")
