from django.apps import AppConfig


class RoomsConfig(AppConfig):
    """Connects rooms to sign-up, invite links, presence and broadcasts of names."""

    name = "rooms"

    def ready(self) -> None:
        from accounts import profile_broadcast, signup_hooks
        from accounts.presence import presence, visibility
        from accounts.services import profile
        from rooms.membership import invites
        from rooms.presence import presence_fanout, typing
        from rooms.unread import receipts

        signup_hooks.on_arrival.append(invites.welcome)
        signup_hooks.on_invite.append(invites.accept)
        signup_hooks.leads.append(invites.leads)
        signup_hooks.destinations.append(invites.destination)
        visibility.on_change.append(typing.stop_invisible)
        visibility.on_change.append(receipts.visibility_changed)
        profile.on_receipts_switched.append(receipts.switched)
        presence.audience = presence_fanout.audience
        profile_broadcast.audience = presence_fanout.connections_sharing
