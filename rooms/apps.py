from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "rooms"

    def ready(self) -> None:
        from accounts import arrivals, presence, profile_broadcast
        from rooms import crowds, invites

        arrivals.on_arrival.append(invites.welcome)
        arrivals.on_invite.append(invites.accept)
        arrivals.leads.append(invites.leads)
        arrivals.destinations.append(invites.destination)
        presence.audience = crowds.audience
        profile_broadcast.audience = crowds.connections_sharing
