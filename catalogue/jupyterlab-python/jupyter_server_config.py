"""JupyterLab behind a gateway that lets nobody in but the person the container runs for."""

c = get_config()  # noqa: F821 (Jupyter defines it)

# One address inside the container; the gateway brings the browser, under a name of its own.
c.ServerApp.ip = "0.0.0.0"
c.ServerApp.port = 8888
c.ServerApp.port_retries = 0
c.ServerApp.open_browser = False
c.ServerApp.allow_remote_access = True
c.ServerApp.trust_xheaders = True
c.ServerApp.root_dir = "/home/jovyan"

# Signatures of trusted notebooks are an SQLite file, which does not belong on a network disk.
c.NotebookNotary.db_file = "/tmp/.jupyter/nbsignatures.db"
c.NotebookNotary.secret_file = "/tmp/.jupyter/notebook_secret"

# A trash folder would hold the person's quota without showing itself.
c.FileContentsManager.delete_to_trash = False
c.FileContentsManager.always_delete_dir = True

# Not a login shell, which would begin with Debian's PATH.
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}

# What can be installed is in the image; the catalogue on the internet is not asked.
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
