"""A user whom the operator takes out of a workspace is out of it everywhere, at once."""

from accord.wire.cell.v1 import operations_pb2 as pb
from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.provisioning import (
    add_person,
    add_user,
    deactivate_user,
    issue_token,
    link_person,
    reactivate_user,
)
from tests.support.rooms import Person, room
from tests.support.sockets import ChatSocket, open_socket, socket_url


def test_who_is_deactivated_is_out_at_every_edge_and_back_with_a_new_token(
    demo: RunningDemo, anna: Person
) -> None:
    card = pb.PersonSpec(email="leaver@de.example", real_name="Lea Ver", password="a long pass phrase")
    someone = add_person(demo, "de-fra", card)
    user = add_user(demo, "acme", someone, "leaver", card)
    link_person(demo, "de-fra", someone, "acme", user.user)
    leaver = Person(user.user, user.token, "leaver", card.email, card.password)
    channel = room(demo, anna, leaver)
    with (
        open_socket(demo.edge("iad"), user.token) as socket,
        open_socket(demo.edge("fra"), anna.token) as hers,
    ):
        address = socket_url(demo.edge("iad"), user.token)
        deactivate_user(demo, "acme", user.user)
        assert socket.ended() == (1008, "account_inactive")
        gone = hers.until(lambda frame: frame["type"] == "user_change" and frame["user"]["id"] == user.user)
        assert gone["user"]["deleted"] is True
        hers.until(lambda frame: frame["type"] == "member_left_channel" and frame["channel"] == channel)
    for edge in ("fra", "iad", "bom"):
        with Plain(demo.edge(edge), user.token) as plain:
            assert plain.patient("auth.test").error in ("account_inactive", "token_revoked")
    with ChatSocket(address) as late:
        assert late.ended()[0] == 1008
    reactivate_user(demo, "acme", user.user)
    with Plain(demo.edge("fra"), user.token) as plain:
        assert plain.patient("auth.test").error == "token_revoked"
    with Plain(demo.edge("bom"), issue_token(demo, "acme", user.user)) as plain:
        assert plain.done("auth.test")["user_id"] == user.user
        listed = plain.done("users.conversations")["channels"]
        assert [row["name"] for row in listed] == ["general"]
