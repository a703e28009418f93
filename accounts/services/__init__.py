"""Services of accounts: every change to an account, token, session or invite link is one of these calls."""

from accounts.services.invites import (
    find_invite,
    make_invite,
    may_invite,
    revoke_invite,
    store_invite,
    use_invite,
)
from accounts.services.moderation import (
    ban,
    check_may_manage,
    deactivate,
    end_everything,
    reactivate,
    set_rank,
    unban,
)
from accounts.services.naming import check_names
from accounts.services.passwords import (
    change_own_password,
    change_password,
    mail_reset_links,
    make_reset_link,
    reset_password,
    store_password,
    user_of_reset_link,
)
from accounts.services.profile import update_profile
from accounts.services.sessions import log_in, log_out, log_out_everywhere, start_session
from accounts.services.setup import check_setup, set_up, setup_link
from accounts.services.signup import check_sign_up, sign_up
from accounts.services.status import set_availability, set_status, take_back_status
from accounts.services.tokens import make_token, revoke_token

__all__ = [
    "ban",
    "change_own_password",
    "change_password",
    "check_may_manage",
    "check_names",
    "check_setup",
    "check_sign_up",
    "deactivate",
    "end_everything",
    "find_invite",
    "log_in",
    "log_out",
    "log_out_everywhere",
    "mail_reset_links",
    "make_invite",
    "make_reset_link",
    "make_token",
    "may_invite",
    "reactivate",
    "reset_password",
    "revoke_invite",
    "revoke_token",
    "set_availability",
    "set_rank",
    "set_status",
    "set_up",
    "setup_link",
    "sign_up",
    "start_session",
    "store_invite",
    "store_password",
    "take_back_status",
    "unban",
    "update_profile",
    "use_invite",
    "user_of_reset_link",
]
