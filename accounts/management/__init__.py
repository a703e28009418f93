"""Django's place for the commands of `./run manage`."""
