"""The API's addresses, for Django."""

from mydocker.api.v1 import patterns

urlpatterns = list(patterns())
