"""`team.*`: the workspace itself."""

from typing import Any

from accord.errors import NotFoundError
from regional_cell.domain.objects.users import DEFAULT_LOCALE
from regional_cell.entrypoints.web_api.arguments import Arguments
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import FLAG, WORD, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of

Answer = dict[str, Any]
_ICON_SIZES = (34, 44, 68, 88, 102, 132, 230)


async def info(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The caller's workspace. Another one, named by id or domain, is as one that does not exist."""
    caller = caller_of(call)
    state = await services.commits.state(caller.resident)
    row = state.row("workspaces") or {}
    content = row.get("content") or {}
    slug = content.get("slug", "")
    if arguments.get("team", caller.resident) != caller.resident or arguments.get("domain", slug) != slug:
        raise NotFoundError(thing="team")
    team: Answer = {
        "id": caller.resident, "name": content.get("name", ""), "domain": slug, "email_domain": "",
        "url": f"{call.edge.url}/", "is_verified": False, "discoverable": "unlisted",
        "locale": DEFAULT_LOCALE,
        "icon": {**{f"image_{size}": "" for size in _ICON_SIZES}, "image_default": True},
    }  # fmt: skip
    if organisation := row.get("organisation"):
        name = content.get("organisation_name", "")
        team |= {"enterprise_id": organisation, "enterprise_name": name, "enterprise_domain": ""}
    return {"team": team}


METHODS = {
    "team.info": Method(
        info, "3", {"domain": WORD, "team": WORD, "include_slackbot_availability": FLAG}, ("team:read",)
    ),
}  # fmt: skip
