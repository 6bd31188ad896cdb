"""Every page's address. What people have in mails and course pages never changes."""

from django.urls import path, re_path

from mydocker.web import (
    about,
    accounts,
    administration,
    builds,
    catalogue,
    dashboard,
    entering,
    health,
    image_files,
    images,
    joining,
    signing,
    teaching,
    workspaces,
)

JOIN = r"^(?:shell/)?join/(?P<code>[^/]+)"
WORKSPACE = "workspaces/<slug:workspace>"
IMAGE = "teach/images/<slug:slug>"

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("sign-in", signing.sign_in, name="sign-in"),
    path("sign-out", signing.sign_out, name="sign-out"),
    path("language", signing.language, name="language"),
    path("appearance", signing.appearance, name="appearance"),
    path("catalogue", catalogue.show, name="catalogue"),
    path("join", joining.paste, name="paste"),
    re_path(JOIN + r"/?$", joining.join, name="join"),
    re_path(JOIN + r"/(?:hub/)?user-redirect/(?P<rest>.*)$", joining.join, name="join-redirect"),
    path(WORKSPACE, workspaces.show, name="workspace"),
    path(f"{WORKSPACE}/open", workspaces.open_interface, name="open"),
    path(f"{WORKSPACE}/open/<str:interface>", workspaces.open_interface, name="open-interface"),
    path(
        f"{WORKSPACE}/open/<str:interface>/<path:rest>",
        workspaces.open_interface,
        name="open-interface-path",
    ),
    path(f"{WORKSPACE}/start", workspaces.start, name="start"),
    path(f"{WORKSPACE}/stop", workspaces.stop, name="stop"),
    path(f"{WORKSPACE}/restart", workspaces.restart, name="restart"),
    path(f"{WORKSPACE}/reset", workspaces.reset, name="reset"),
    path(f"{WORKSPACE}/extend", workspaces.extend, name="extend"),
    path(f"{WORKSPACE}/delete", workspaces.delete, name="delete"),
    path(f"{WORKSPACE}/credentials", workspaces.credentials, name="credentials"),
    path("go", entering.go, name="go"),
    path(".mydocker/enter", entering.enter, name="enter"),
    path("teach", teaching.environments_list, name="teach"),
    path("teach/images", images.images_list, name="images"),
    path("teach/images/new", images.new, name="image-new"),
    path("teach/images/new/check", images.check, name="image-check"),
    path(IMAGE, images.image, name="image"),
    path(f"{IMAGE}/build", images.build_now, name="image-build"),
    path(f"{IMAGE}/share", images.share, name="image-share"),
    path(f"{IMAGE}/delete", images.delete, name="image-delete"),
    path(f"{IMAGE}/files", image_files.add, name="image-files"),
    path(f"{IMAGE}/files/<path:path>", image_files.file, name="image-file"),
    path(f"{IMAGE}/builds/<int:number>", builds.build, name="build"),
    path(f"{IMAGE}/builds/<int:number>/cancel", builds.cancel, name="build-cancel"),
    path(f"{IMAGE}/builds/<int:number>/use", builds.use, name="build-use"),
    path("teach/<slug:slug>", teaching.environment, name="teach-environment"),
    path("teach/<slug:slug>/definition.yaml", teaching.export, name="teach-export"),
    path("admin/workspaces", administration.workspaces, name="admin-workspaces"),
    path("admin/spares", administration.spares, name="admin-spares"),
    path("account", accounts.account, name="account"),
    path("account/name", accounts.rename, name="account-name"),
    path("account/tokens", accounts.create_token, name="account-tokens"),
    path("account/tokens/<slug:token>/revoke", accounts.revoke_token, name="account-token-revoke"),
    path("help", about.help_page, name="help"),
    path("status", about.status, name="status"),
    path("accessibility", about.accessibility, name="accessibility"),
    path("your-data", about.your_data, name="your-data"),
    path("theme.css", about.theme, name="theme"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

handler400 = "mydocker.web.errors.bad_request"
handler403 = "mydocker.web.errors.forbidden"
handler404 = "mydocker.web.errors.not_found"
handler500 = "mydocker.web.errors.server_error"
