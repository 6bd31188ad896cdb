"""Every address of the dashboard: the pages' and the API's."""

from mydocker.api.urls import urlpatterns as api
from mydocker.web.urls import handler400, handler403, handler404, handler500
from mydocker.web.urls import urlpatterns as pages

urlpatterns = [*api, *pages]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
