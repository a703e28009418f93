"""Jobs of each process that send what is scheduled and ring reminders when their time comes."""

from chatsite.realtime.socketio.routing import every
from drafts.due import STEP_SECONDS
from drafts.reminders import services as reminders
from drafts.scheduled import services as scheduled

jobs = [every(STEP_SECONDS, scheduled.queue.step), every(STEP_SECONDS, reminders.queue.step)]
