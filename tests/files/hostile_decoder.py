"""A decoder that a picture has taken over: it answers what the picture says, and writes what that says."""

import json
import os


def handle(job, descriptors):
    forged = json.loads(os.pread(descriptors[0], 1_000_000, 0).partition(b"FORGE")[2])
    for descriptor, written in zip(descriptors[1:], forged.pop("written", []), strict=False):
        os.pwrite(descriptor, bytes.fromhex(written), 0)
    if "grow" in forged:
        os.ftruncate(descriptors[1], forged.pop("grow"))
    return forged
