"""A JupyterHub beside the bench. What is not said here is JupyterHub's default, its limits too."""

import json
import os

c = get_config()  # noqa: F821 (JupyterHub defines it)
told = json.loads(os.environ.pop("PEERS_HUB"))

# The browser's side on loopback; containers reach the hub by their network's own address.
c.JupyterHub.bind_url = f"http://127.0.0.1:{told['port']}"
c.JupyterHub.hub_ip = told["gateway"]
c.JupyterHub.hub_port = told["hub_port"]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{told['proxy_port']}"
c.ConfigurableHTTPProxy.command = [told["proxy"]]

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{"name": "bench", "api_token": told["token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "bench",
        "services": ["bench"],
        "scopes": ["admin:users", "admin:servers", "access:servers"],
    }
]

c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = told["image"]
c.DockerSpawner.network_name = told["name"]
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.prefix = told["name"]
c.DockerSpawner.extra_create_kwargs = {"labels": {told["label"]: told["name"]}}
c.DockerSpawner.remove = True
# As our environment of the same image has them.
c.DockerSpawner.mem_limit = "4G"
c.DockerSpawner.cpu_limit = 2

# The bench removes containers itself, also where the hub was killed.
c.JupyterHub.cleanup_servers = False
