"""Looking after people: through the services, so that open pages and sockets follow at once."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import services
from accounts.models import ApiToken, Invite, SiteSettings, User
from chatsite.admin_lists import BoundedAdmin
from chatsite.api import me
from chatsite.errors import ChatError, Invalid

admin.site.unregister(Group)


class NamedForm(ModelForm):
    """A form that gives somebody a name; `by` is who fills it in."""

    by: User

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        new = [name for name in ("username", "display_name") if data.get(name) and name in self.changed_data]
        named = User(
            pk=self.instance.pk, is_superuser=self.instance.is_superuser, **{name: data[name] for name in new}
        )
        try:
            services.check_names(named, *new, by=self.by)
        except Invalid as error:
            for name, sentences in (error.fields or {}).items():
                self.add_error(name, sentences)
        return data


class AccountCreationForm(NamedForm, AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["username"]


class AccountChangeForm(NamedForm, UserChangeForm):
    pass


class AccountPasswordForm(AdminPasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ends = "All sessions of this person end, and all their tokens are revoked."
        self.fields["password1"].help_text = f"<p>{ends}</p>{self.fields['password1'].help_text}"

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if commit:
            services.store_password(user)
        return user


@admin.register(User)
class AccountAdmin(BoundedAdmin, UserAdmin):
    form = AccountChangeForm
    add_form = AccountCreationForm
    change_password_form = AccountPasswordForm
    list_display = [
        "username",
        "display_name",
        "is_active",
        "is_banned",
        "is_staff",
        "is_superuser",
        "last_seen",
    ]
    list_filter = ["is_active", "is_banned", "is_staff", "is_superuser"]
    search_fields = ["username", "display_name", "email"]
    filter_horizontal = []
    readonly_fields = ["username", "last_login", "last_seen", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "display_name", "email"]}),
        ("Standing", {"fields": ["is_active", "is_banned", "is_staff", "is_superuser"]}),
        ("Times", {"fields": ["date_joined", "last_login", "last_seen"]}),
    ]
    actions = ["deactivate", "reactivate", "ban", "unban", "log_out_everywhere", "make_reset_link"]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or me(request).is_superuser:
            return fieldsets
        # Whoever can set the password or the email address can become that person.
        return [(None, {"fields": ["username", "display_name"]}), *fieldsets[1:]]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": me(request)})

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return []
        ranks = [] if me(request).is_superuser else ["is_staff", "is_superuser"]
        return [*self.readonly_fields, *ranks]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        below = obj is None or me(request).is_superuser or not (obj.is_staff or obj.is_superuser)
        return below and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Accounts are deactivated: what they wrote stays, and under their name."""
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as error:  # somebody took the name between the form's check and the row
            self.message_user(request, " ".join(error.messages), level="error")
            return redirect(request.get_full_path())

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        if not me(request).is_superuser:
            return redirect("admin:index")
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        plain = [name for name in ("display_name", "email") if name in form.changed_data]
        if plain:
            obj.save(update_fields=plain)
        user, by = User.objects.get(pk=obj.pk), me(request)
        for step in steps(user, obj, by, form.changed_data):
            self.attempt(request, user, step)

    def attempt(self, request: HttpRequest, user: User, step: Callable[[], object]) -> bool:
        try:
            step()
        except ChatError as error:
            self.message_user(request, f"{user.username}: {error.detail}", level="error")
            return False
        return True

    def each(
        self, request: HttpRequest, users: QuerySet[User], act: Callable[..., object], done: str
    ) -> None:
        for user in users:
            if self.attempt(request, user, lambda user=user: act(user, by=me(request))):  # type: ignore[misc]
                self.log_change(request, user, done)
                self.message_user(request, f"{user.username}: {done}", level="success")

    @admin.action(description="Deactivate", permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.each(request, users, services.deactivate, "Deactivated and logged out.")

    @admin.action(description="Activate again", permissions=["change"])
    def reactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.each(request, users, services.reactivate, "Active again.")

    @admin.action(description="Ban", permissions=["change"])
    def ban(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.each(request, users, services.ban, "Banned and logged out.")

    @admin.action(description="Lift the ban", permissions=["change"])
    def unban(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.each(request, users, services.unban, "Not banned any more.")

    @admin.action(description="Log out everywhere and revoke tokens", permissions=["change"])
    def log_out_everywhere(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.each(request, users, services.end_everything, "Logged out everywhere, tokens revoked.")

    @admin.action(description="Make a link to choose a new password", permissions=["change"])
    def make_reset_link(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users[:10]:
            self.attempt(request, user, lambda user=user: self.show_reset_link(request, user))  # type: ignore[misc]

    def show_reset_link(self, request: HttpRequest, user: User) -> None:
        link = request.build_absolute_uri(services.make_reset_link(user, by=me(request)))
        self.log_change(request, user, "Made a link to choose a new password.")
        self.message_user(request, f"For {user.username}, once, within three days: {link}", level="success")


def steps(user: User, wanted: User, by: User, changed: list[str]) -> list[Callable[[], object]]:
    """What has to be done so that `user` stands as the form says."""
    found: list[Callable[[], object]] = []
    if "is_active" in changed:
        act = services.reactivate if wanted.is_active else services.deactivate
        found.append(lambda: act(user, by=by))
    if "is_banned" in changed:
        judge = services.ban if wanted.is_banned else services.unban
        found.append(lambda: judge(user, by=by))
    if {"is_staff", "is_superuser"} & set(changed):
        rank = {"is_staff": wanted.is_staff, "is_superuser": wanted.is_superuser}
        found.append(lambda: services.set_rank(user, by=by, **rank))
    return found


@admin.register(ApiToken)
class ApiTokenAdmin(BoundedAdmin):
    """Deleting one revokes it. Nobody can read a token again, here neither."""

    list_display = ["prefix", "name", "user", "created_at", "last_used_at"]
    search_fields = ["name", "prefix", "user__username"]
    list_select_related = ["user"]
    fields = ["user", "name", "prefix", "created_at", "last_used_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        services.revoke_token(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            services.revoke_token(token)


@admin.register(Invite)
class InviteAdmin(BoundedAdmin):
    list_display = ["created_by", "created_at", "expires_at", "uses", "max_uses", "revoked", "for_site"]
    list_filter = ["revoked", "for_site"]
    search_fields = ["created_by__username"]
    list_select_related = ["created_by"]
    list_display_links = None
    # A link is its maker's, and lasts as it was made: who changed that would bring in people by another's right.
    fields = readonly_fields = (
        "created_by",
        "created_at",
        "expires_at",
        "uses",
        "max_uses",
        "revoked",
        "for_site",
    )
    actions = ["revoke"]

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invite]) -> None:
        for invite in queryset:
            services.revoke_invite(invite)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are made on the chat's own pages."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invite | None = None) -> bool:
        return False


@admin.register(SiteSettings)
class SiteSettingsAdmin(admin.ModelAdmin):
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:accounts_sitesettings_change", SiteSettings.load().pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SiteSettings | None = None) -> bool:
        return False
