"""The OpenAPI document: complete, with security, errors and examples."""

from mydocker.api.v1 import document

from .conftest import send

CONTRACT = {
    "/workspaces": {"get", "post"},
    "/workspaces/{workspace}": {"get", "delete"},
    "/workspaces/{workspace}/stop": {"post"},
    "/workspaces/{workspace}/restart": {"post"},
    "/workspaces/{workspace}/reset": {"post"},
    "/workspaces/{workspace}/extend": {"post"},
    "/workspaces/{workspace}/ticket": {"post"},
    "/workspaces/{workspace}/events": {"get"},
    "/workspaces/{workspace}/logs": {"get"},
    "/environments": {"get"},
    "/environments/{slug}": {"get", "put", "delete"},
    "/environments/{slug}/definition": {"get"},
    "/environments/{slug}/statistics": {"get"},
    "/images": {"get", "post"},
    "/images/{image}": {"get", "put", "delete"},
    "/images/{image}/shares": {"get", "put"},
    "/images/{image}/files": {"get", "post"},
    "/images/{image}/files/{path}": {"get", "put", "delete"},
    "/images/{image}/builds": {"get", "post"},
    "/images/{image}/builds/{number}": {"get"},
    "/images/{image}/builds/{number}/cancel": {"post"},
    "/images/{image}/builds/{number}/events": {"get"},
    "/images/{image}/builds/{number}/log": {"get"},
    "/me": {"get"},
    "/tokens": {"get", "post"},
    "/tokens/{token}": {"delete"},
    "/admin/workspaces": {"get"},
    "/admin/people/{person}/enable": {"post"},
    "/admin/people/{person}/disable": {"post"},
}


def test_the_document_has_the_operations_of_the_contract() -> None:
    told = send("GET", "/openapi.json")
    assert (told.status, told.body["openapi"]) == (200, "3.1.0")
    paths = {path: set(operations) for path, operations in told.body["paths"].items()}
    assert paths == {f"/api/v1{path}": methods for path, methods in CONTRACT.items()}


def test_every_operation_tells_its_security_and_its_errors() -> None:
    for operations in document()["paths"].values():
        for operation in operations.values():
            assert operation["security"] == [{"Bearer": []}, {"Session": []}]
            assert operation["description"]
            for status in (400, 401, 403, 413, 415, 422, 500, 503):
                [shape] = operation["responses"][str(status)]["content"].values()
                assert "Error" in shape["schema"]["$ref"]


def test_names_of_operations_are_unique_and_shapes_have_examples() -> None:
    told = document()
    names = [op["operationId"] for each in told["paths"].values() for op in each.values()]
    assert len(names) == len(set(names))
    for shape in ("Workspace", "EnvironmentShown", "Error", "Asked", "TokenAsked", "EventShown"):
        assert told["components"]["schemas"][shape]["examples"]


def test_the_document_is_read_only() -> None:
    refused = send("POST", "/openapi.json")
    assert (refused.status, refused.body["code"]) == (405, "wrong_method")
