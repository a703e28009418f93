"""Administration of accounts, tokens and invite links. Every change goes through the services, so open pages and
sockets follow at once."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import services
from accounts.models import ApiToken, Invite, SiteSettings, User, UserSession
from chatsite.contract.errors import ChatError, Invalid
from chatsite.web.administration.acts import Act, ActingAdmin
from chatsite.web.administration.filters import ChoiceFilter, TypedFilter
from chatsite.web.administration.lists import TICKED, BoundedAdmin, PartialModelForm
from chatsite.web.administration.site import MAX_COMPLETIONS, completions
from chatsite.web.forms import PartialForm
from chatsite.web.rest.api import me

admin.site.unregister(Group)


def offered(term: str) -> list[tuple[str, str]]:
    """Return completions of `term`: `(username, full name)`, first those whose username begins with it."""
    term = term.lstrip("@")
    found = User.objects.filter(Q(username__icontains=term) | Q(display_name__icontains=term))
    first = found.annotate(begins=Q(username__istartswith=term)).order_by("-begins", "username")
    return [(person.username, person.full_name) for person in first[:MAX_COMPLETIONS]]


completions["people"] = offered


class PersonFilter(TypedFilter):
    """Filter by the person in the column `field`, given by username in any case."""

    title, parameter_name = "by", "from"
    completes, placeholder = "people", "Username"
    field = "user"

    def narrowed(self, found: QuerySet[Any], typed: str) -> QuerySet[Any]:
        people = User.objects.filter(username__iexact=typed.lstrip("@"))
        return found.filter(**{f"{self.field}__in": people.values("pk")})


class StandingFilter(ChoiceFilter):
    """Filter accounts by whether they may use the site."""

    title, parameter_name = "standing", "standing"
    choices_in_words = {
        "present": ("May use the site", Q(is_active=True, is_banned=False)),
        "banned": ("Banned", Q(is_banned=True)),
        "deactivated": ("Deactivated", Q(is_active=False)),
    }


class RankFilter(ChoiceFilter):
    """Filter accounts by rank."""

    title, parameter_name = "rank", "rank"
    choices_in_words = {
        "member": ("Members", Q(is_staff=False, is_superuser=False)),
        "moderator": ("Moderators", Q(is_staff=True, is_superuser=False)),
        "administrator": ("Administrators", Q(is_superuser=True)),
    }


class LinkStateFilter(ChoiceFilter):
    """Filter invite links by whether they are revoked."""

    title, parameter_name = "state", "state"
    choices_in_words = {
        "standing": ("Not revoked", Q(revoked=False)),
        "revoked": ("Revoked", Q(revoked=True)),
    }


class LinkKindFilter(ChoiceFilter):
    """Filter invite links by their destination."""

    title, parameter_name = "leads", "leads"
    choices_in_words = {
        "site": ("Into the site", Q(for_site=True)),
        "room": ("Into a room", Q(for_site=False)),
    }


def refusal(unless: Callable[[User], str]) -> Callable[[User, User], str]:
    """Return a function that says why an act on a person may not be done by `by`, or, as `unless` says, would change
    nothing."""

    def refused(user: User, by: User) -> str:
        try:
            services.check_may_manage(by, user)
        except ChatError as error:
            return error.detail
        return unless(user)

    return refused


def standing_act(name: str, **details: Any) -> Act:
    """Return the act that calls the service of that name with the person and `by`."""
    service = getattr(services, name)
    return Act(name=name, apply=lambda user, by: service(user, by=by), **details)


class NamedForm(ModelForm):
    """A form that gives somebody a name. `by` is who fills it in."""

    by: User

    def clean(self) -> dict[str, Any]:
        """Check changed names as the services do, and put their errors at the fields."""
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


def worded(form: Any) -> None:
    """Replace Django's wording of password-based authentication."""
    choice = form.fields.get("usable_password")
    if choice:
        choice.label, choice.help_text = (
            "Log in by password",
            "Without one nobody logs in: for programs' accounts.",
        )


class AccountCreationForm(NamedForm, AdminUserCreationForm):
    """A new account."""

    class Meta:
        model = User
        fields = ["username"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        worded(self)


class AccountChangeForm(PartialForm, NamedForm, UserChangeForm):
    """A change of an account."""

    class Meta(UserChangeForm.Meta):
        labels = {"is_superuser": "Administrator"}
        help_texts = {
            "username": "",
            "is_superuser": "May do everything here, and is a moderator too.",
        }


class AccountPasswordForm(AdminPasswordChangeForm):
    """A new password for somebody, which ends their sessions and tokens."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        worded(self)
        ends = "All sessions of this person end, and all their tokens are revoked."
        self.fields["password1"].help_text = f"<p>{ends}</p>{self.fields['password1'].help_text}"

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if commit:
            services.store_password(user)
        return user


@admin.register(User)
class AccountAdmin(ActingAdmin, UserAdmin):
    """Accounts, with the acts of moderation."""

    heading = "People"
    form = AccountChangeForm
    add_form = AccountCreationForm
    change_password_form = AccountPasswordForm
    list_display = [
        "username",
        "display_name",
        "standing",
        "rank",
        "last_seen",
        "date_joined",
    ]
    list_filter = [StandingFilter, RankFilter]
    search_fields = ["username", "display_name", "email"]
    filter_horizontal = []
    readonly_fields = ["username", "last_login", "last_seen", "date_joined", "says", "is_shown"]
    fieldsets = [
        (None, {"fields": ["username", "password", "display_name", "email"]}),
        ("Standing", {"fields": ["is_active", "is_banned", "is_staff", "is_superuser"]}),
        ("Times", {"fields": ["date_joined", "last_login", "last_seen"]}),
        ("Presence", {"fields": ["says", "is_shown"]}),
    ]
    actions = ["make_reset_link"]
    acts = [
        standing_act(
            "ban",
            label="Ban",
            done="banned",
            effect="Their sessions and connections end at once, and they can't log in. What they wrote stays.",
            refusal=refusal(lambda user: "banned already" if user.is_banned else ""),
            undo="unban",
            danger=True,
        ),
        standing_act(
            "unban",
            label="Lift the ban of",
            done="not banned any more",
            effect="They can log in again. What was ended stays ended.",
            refusal=refusal(lambda user: "" if user.is_banned else "not banned"),
            undo="ban",
        ),
        standing_act(
            "deactivate",
            label="Deactivate",
            done="deactivated",
            effect="Their sessions and connections end at once, and they can't log in. What they wrote stays.",
            refusal=refusal(lambda user: "" if user.is_active else "deactivated already"),
            undo="reactivate",
            danger=True,
        ),
        standing_act(
            "reactivate",
            label="Activate again",
            done="active again",
            effect="They can log in again. What was ended stays ended.",
            refusal=refusal(lambda user: "active already" if user.is_active else ""),
            undo="deactivate",
        ),
        standing_act(
            "end_everything",
            label="Log out everywhere",
            done="logged out everywhere, tokens revoked",
            effect="All their sessions end and all their tokens are revoked. They can log in again.",
            refusal=refusal(lambda user: ""),
            no_undo="This can't be undone: a token that was revoked is gone.",
            danger=True,
        ),
        standing_act(
            "take_back_status",
            label="Take away the status of",
            done="without a status",
            effect="Their status goes from all pages. They can set another.",
            refusal=refusal(lambda user: "" if user.has_status else "without a status"),
            no_undo="This can't be undone: they can set it again.",
        ),
    ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {"title": "New account", **(extra_context or {})})

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Return the searched columns. E-mail addresses are searched for administrators only: finding somebody by a
        part of an address reveals that part."""
        return self.search_fields if me(request).is_superuser else ["username", "display_name"]

    def has_reset_permission(self, request: HttpRequest) -> bool:
        """Allow administrators only: whoever can set somebody's password can log in as that person."""
        return me(request).is_superuser

    @admin.display(description="standing")
    def standing(self, user: User) -> str:
        if user.is_banned:
            return "banned"
        return "" if user.is_active else "deactivated"

    @admin.display(description="rank")
    def rank(self, user: User) -> str:
        if user.is_superuser:
            return "administrator"
        return "moderator" if user.is_staff else "member"

    @admin.display(description="status")
    def says(self, user: User) -> str:
        return f"{user.status_emoji} {user.status_text}".strip() if user.has_status else ""

    @admin.display(description="availability")
    def is_shown(self, user: User) -> str:
        return user.chosen_availability.label

    def line_of(self, row: User) -> str:
        return row.full_name

    def consequences(self, act: Act, rows: Sequence[User]) -> list[str]:
        if act.name in ("unban", "reactivate", "take_back_status"):
            return []
        sessions = UserSession.objects.filter(user__in=rows).count()
        tokens = ApiToken.objects.filter(user__in=rows).count()
        kept = "revoked" if act.name == "end_everything" else "of no use meanwhile"
        return [f"Sessions that end: {sessions}.", f"Tokens that are {kept}: {tokens}."]

    def counted(self, count: int) -> str:
        return f"{count} {'person' if count == 1 else 'people'}"

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or me(request).is_superuser:
            return fieldsets
        # To set somebody's password or email address is to be able to log in as them.
        return [
            (None, {"fields": ["username", "display_name"]}),
            ("Standing", {"fields": ["is_active", "is_banned", "rank"]}),
            *fieldsets[2:-1],
            # Who is invisible is for administrators alone.
            ("Presence", {"fields": ["says"]}),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": me(request)})

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return []
        return [*self.readonly_fields, *([] if me(request).is_superuser else ["rank"])]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        below = obj is None or me(request).is_superuser or not (obj.is_staff or obj.is_superuser)
        return below and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Never: accounts are deactivated, and what they wrote keeps its author."""
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

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool) -> None:
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
        """Do a step and show its error, if any; True if it succeeded."""
        try:
            step()
        except ChatError as error:
            self.message_user(request, f"{user.username}: {error.detail}", level="error")
            return False
        return True

    @admin.action(description="Make a link to choose a new password", permissions=["reset"])
    def make_reset_link(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users[:10]:
            self.attempt(request, user, lambda user=user: self.show_reset_link(request, user))  # type: ignore[misc]

    def show_reset_link(self, request: HttpRequest, user: User) -> None:
        link = request.build_absolute_uri(services.make_reset_link(user, by=me(request)))
        self.log_change(request, user, "Made a link to choose a new password.")
        self.message_user(request, f"For {user.username}, once, within three days: {link}", level="success")


def steps(user: User, wanted: User, by: User, changed: list[str]) -> list[Callable[[], object]]:
    """Return the service calls that make `user` what the form says."""
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
    """API tokens. Deleting one revokes it; the token itself can't be read here either."""

    heading = "API tokens"

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
class InviteAdmin(ActingAdmin):
    """Invite links. They are made and used on the chat's own pages, and revoked here."""

    heading = "Invite links"
    list_display = ["created_by", "created_at", "expires_at", "uses", "max_uses", "leads", "state"]
    list_filter = [LinkStateFilter, LinkKindFilter]
    search_fields = ["created_by__username"]
    list_select_related = ["created_by"]
    list_display_links = None
    # Read-only: whoever changed somebody else's link would bring people in by that person's right.
    fields = readonly_fields = (
        "created_by",
        "created_at",
        "expires_at",
        "uses",
        "max_uses",
        "leads",
        "state",
    )
    acts = [
        Act(
            name="revoke",
            label="Revoke",
            done="revoked",
            effect="Nobody can come in by them any more. Who came stays.",
            apply=lambda link, by: services.revoke_invite(link),
            refusal=lambda link, by: "revoked already" if link.revoked else "",
            no_undo="This can't be undone: whoever made one can make another.",
            danger=True,
        )
    ]

    @admin.display(description="leads")
    def leads(self, link: Invite) -> str:
        return "into the site" if link.for_site else "into a room"

    @admin.display(description="state")
    def state(self, link: Invite) -> str:
        return "revoked" if link.revoked else ""

    def acted_on(self, request: HttpRequest, found: QuerySet[Invite]) -> list[Invite]:
        return list(found.select_related("created_by"))

    def counted(self, count: int) -> str:
        return f"{count} link{'' if count == 1 else 's'}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: links are made on the chat's own pages."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invite | None = None) -> bool:
        return False


@admin.register(SiteSettings)
class SiteSettingsAdmin(admin.ModelAdmin):
    """The one row of the site's settings."""

    form = PartialModelForm
    formfield_overrides = TICKED

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:accounts_sitesettings_change", SiteSettings.load().pk)

    def render_change_form(
        self, request: HttpRequest, context: Any, *rest: Any, **options: Any
    ) -> HttpResponse:
        named = {**context, "title": "Site settings", "subtitle": None}
        return super().render_change_form(request, named, *rest, **options)

    def save_model(
        self, request: HttpRequest, obj: SiteSettings, form: "ModelForm[SiteSettings]", change: bool
    ) -> None:
        obj.save(update_fields=form.changed_data)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SiteSettings | None = None) -> bool:
        return False
