"""Every address of the dashboard: the pages' and the API's."""

from mydocker.api.urls import urlpatterns as api
from mydocker.web.urls import urlpatterns as pages

urlpatterns = [*api, *pages]
