"""What the pages say of themselves to which people of the demo site link. Nothing is fetched: there are no such pages."""

from django.utils import timezone

from messaging.models import Message
from previews.links import Link, links_in
from previews.models import MessagePreview, Preview
from previews.payloads import preview_payload

# Title and description by URL.
PAGES = {
    "https://wiki.northside.example/induction": (
        "Induction for the wood workshop",
        "Read this before your first hour at the table saw: guards, push sticks, and what to do when something jams.",
    ),
    "https://video.northside.example/kickback": (
        "Kickback in four minutes",
        "Why a board comes back at you, and the three habits that keep it on the table.",
    ),
    "https://news.northside.example/local": (
        "Northside News: repair bonus returns in spring",
        "The city pays half of a repair again, up to 100 a year. Cafés and workshops may apply from March.",
    ),
    "https://sensors.northside.example/": ("Sensors of the house", ""),
}


class LinkPreviews:
    """Previews of the demo's messages, to be written in bulk."""

    def __init__(self) -> None:
        self.pages: dict[str, Preview] = {}
        self.shown: list[MessagePreview] = []

    def add(self, message: Message) -> None:
        """Give a message the previews of its links."""
        links = [link for link in links_in(message.html) if link.url in PAGES]
        message.previews = [self._shown(message, link) for link in links] or None

    def _shown(self, message: Message, link: Link) -> dict[str, object]:
        page = self.pages.setdefault(link.key, self._page(link, message))
        shown = MessagePreview(pk=len(self.shown) + 1, message=message, preview=page)
        self.shown.append(shown)
        return preview_payload(link, shown)

    def _page(self, link: Link, message: Message) -> Preview:
        title, description = PAGES[link.url]
        return Preview(
            pk=len(self.pages) + 1,
            url_hash=link.key,
            url=link.url,
            pending=False,
            wanted_by=message.sender,
            wanted_at=message.created_at,
            fetched_at=timezone.now(),
            host=link.host,
            title=title,
            description=description,
        )

    def save(self) -> None:
        """Write the rows."""
        Preview.objects.bulk_create(self.pages.values())
        MessagePreview.objects.bulk_create(self.shown)
