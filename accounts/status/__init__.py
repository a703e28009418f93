"""What people say of themselves: a status, and how present they are. `do_not_disturb.dnd_now` is for other apps."""
