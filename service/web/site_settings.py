"""The admins' API for the site: what customers see first, how the widget looks, who may embed it.

Name, welcome and suggestions are content, which `frontdesk export` writes to ``desk.yml``; the rest
is the store's own (`service.site`).
"""

from dataclasses import replace
from typing import Any

from flask import Blueprint

from service.content import check
from service.errors import Conflict, ContentError, InvalidInput
from service.replies import desk_reply
from service.site import FILES, LOOK, ORIGINS
from service.versions import digest, site_json
from service.web.context import admin_required, parts
from service.web.inputs.parsing import read_body
from service.web.inputs.site import SiteChange
from service.web.operations import operation

blueprint = Blueprint("site_settings", __name__, url_prefix="/api/v1/settings")

Json = dict[str, Any]


@blueprint.get("")
@operation("The site's settings.", returns={200: "SiteSettings"}, auth="admin")
@admin_required
def read_settings() -> Json:
    settings, site = parts().store.content().settings, parts().site
    welcome = settings.replies.get("welcome", ())
    shape = site_json(
        settings.name,
        welcome,
        settings.suggested,
        site.look,
        site.saved_origins,
        site.takes_files,
    )
    return {
        **shape,
        "version": digest(shape),
        "usual_welcome": desk_reply(settings, "welcome"),
        "allowed_origins": site.allowed_origins,
        "fixed": ["allowed_origins"] if site.is_fixed else [],
    }


@blueprint.put("")
@operation(
    "Save them; customers see them within seconds.",
    body=SiteChange,
    returns={200: "SiteSettings"},
    auth="admin",
)
@admin_required
def save_settings() -> Json:
    body, site = read_body(SiteChange), parts().site
    own = {setting: getattr(body, setting.removeprefix("site_")) for setting in LOOK}
    if body.files is not None:
        own[FILES] = "on" if body.files else "off"
    if body.allowed_origins is not None and body.allowed_origins != site.allowed_origins:
        if site.is_fixed:
            raise Conflict("The origins are set by FRONTDESK_ALLOWED_ORIGINS.")
        own[ORIGINS] = body.allowed_origins
    _require_fitting(body)
    parts().store.save_site(
        name=body.name, welcome=body.welcome, suggested=body.suggested, own=own, seen=body.version
    )
    site.forget()
    return read_settings()


def _require_fitting(body: SiteChange) -> None:
    """``InvalidInput`` when the welcome names what the desk does not know, say."""
    content = parts().store.content()
    welcome = {"welcome": tuple(body.welcome)} if body.welcome else {}
    replies = {**content.settings.replies, **welcome}
    settings = replace(
        content.settings, name=body.name, replies=replies, suggested=tuple(body.suggested)
    )
    try:
        check(replace(content, settings=settings), "content")
    except ContentError as error:
        raise InvalidInput(error.message.removeprefix("content: ")) from None
