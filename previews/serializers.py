"""Shape of the request that removes a preview."""

from chatsite.web.fields import StrictSerializer, Whole


class RemovePreviewSerializer(StrictSerializer):
    """A `remove-preview` of a socket: the message's id, and the preview's."""

    id = Whole()
    preview = Whole()
