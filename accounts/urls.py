"""URLs of account pages."""

from django.urls import path
from django.views.generic import RedirectView

from accounts.views import invites, passwords, profile, sessions, signup, status

# Included before the admin's and rooms' URLs: the admin's own login pages would bypass the services.
urlpatterns = [
    path("login", sessions.login, name="login"),
    path("logout", sessions.logout, name="logout"),
    path("theme", sessions.theme, name="theme"),
    path("signup", signup.signup, name="signup"),
    path("setup/<str:token>", signup.setup, name="setup"),
    path("invite/<str:code>", signup.invite, name="invite"),
    path("profile", profile.profile, name="profile"),
    path("profile/status", status.status, name="profile_status"),
    path("profile/token", profile.token_new, name="token_new"),
    path("profile/token/<int:pk>/revoke", profile.token_revoke, name="token_revoke"),
    path("profile/others-out", profile.others_out, name="others_out"),
    path("password", passwords.change, name="password_change"),
    path("password/reset", passwords.reset, name="password_reset"),
    path("password/reset/<str:uid>/<str:token>", passwords.reset_confirm, name="password_reset_confirm"),
    path("people/invite", invites.invites, name="people_invite"),
    path("people/invite/<int:pk>/revoke", invites.revoke, name="invite_revoke"),
    path("admin/login/", sessions.admin_login),
    path("admin/logout/", sessions.logout),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
]
