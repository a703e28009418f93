"""Commands of `./run` besides serving: start-up, backup, doctor, demo. May import the apps; no app imports it."""
