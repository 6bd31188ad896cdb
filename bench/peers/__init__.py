"""JupyterHub with DockerSpawner and its proxy, measured in turns with us on the same images.

`make bench-peers` installs them into `var/peers`. `hub` runs one, `measure` takes the figures.
"""
