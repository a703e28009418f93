"""Administration of the site's own emoji: they are added and removed by the services, so open pages follow."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatsite.contract.errors import ChatError
from chatsite.web.administration.lists import BoundedAdmin
from chatsite.web.rest.api import me
from emoji import services
from emoji.forms import EmojiForm
from emoji.models import CustomEmoji
from emoji.names import url_of


class NewEmojiForm(forms.ModelForm):
    """A name and a picture, checked as far as that needs no picture to be read."""

    name = EmojiForm.base_fields["name"]
    image = EmojiForm.base_fields["image"]

    class Meta:
        model = CustomEmoji
        fields = ["name"]

    def clean_name(self) -> str:
        try:
            name = services.checked_name(self.cleaned_data["name"])
            services.check_free(name)
        except ChatError as error:
            raise forms.ValidationError((error.fields or {}).get("name", [error.detail])) from error
        return name


@admin.register(CustomEmoji)
class CustomEmojiAdmin(BoundedAdmin):
    """The site's own emoji. What one is never changes: another picture is another emoji."""

    heading = "Emoji"
    form = NewEmojiForm
    fields = ["name", "image"]
    list_display = ["picture", "spelling", "added_by", "created_at"]
    list_display_links = None
    list_select_related = ["file__blob", "added_by"]
    search_fields = ["name"]

    @admin.display(description="picture")
    def picture(self, emoji: CustomEmoji) -> SafeString:
        return format_html('<img class="emoji" alt="" src="{}">', url_of(emoji.name, emoji.file_id.hex))

    @admin.display(description="written as", ordering="name")
    def spelling(self, emoji: CustomEmoji) -> str:
        return str(emoji)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ChatError as error:
            self.message_user(request, error.detail, level="error")
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: CustomEmoji, form: Any, change: bool) -> None:
        made = services.add(me(request), obj.name, form.cleaned_data["image"])
        obj.pk, obj.file, obj.added_by = made.pk, made.file, made.added_by

    def delete_model(self, request: HttpRequest, obj: CustomEmoji) -> None:
        services.remove(me(request), obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CustomEmoji]) -> None:
        for emoji in queryset:
            services.remove(me(request), emoji)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return services.may_add(me(request))

    def has_change_permission(self, request: HttpRequest, obj: CustomEmoji | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CustomEmoji | None = None) -> bool:
        """Allow it for all to administrators, and for one's own to moderators."""
        return me(request).is_superuser or (obj is not None and services.may_remove(me(request), obj))
