"""Log lines for the console."""

import logging


class HostFormatter(logging.Formatter):
    """A request for a name that isn't ours: one line that says what to set, without its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        sentence = record.getMessage().partition(" You may need")[0]
        return f"{self.formatTime(record)} {sentence} If it is yours, set SITE_URL, or add it to EXTRA_HOSTS."
