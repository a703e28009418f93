"""The encryption and the proof of pushes, by the examples of their RFCs."""

import json
import time

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from push.sending import encryption
from push.sending.encryption import decoded, encoded, encrypt, private_key
from tests.support.push_service import BadPush, Device, check_vapid, decrypted, point


def test_the_example_of_rfc_8291():
    """Appendix A, to the byte."""
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        decoded("BTBZMqHH6r4Tts7J_aSIgg"),
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
        own_key=private_key(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")),
        padding=1,
    )
    assert encoded(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_keys_of_rfc_8188s_example():
    """Section 3.1: the key and the nonce out of the key that both sides know."""
    key, nonce = encryption.derived(decoded("yqdlZ-tYemfogSmv7Ws5PQ"), decoded("I1BsxtFttlv3u_Oo94xnmw"))
    assert (encoded(key), encoded(nonce)) == ("_wniytB-ofscZDh4tbSjHw", "Bcs8gkIRKLI8GeI8")


def test_what_is_encrypted_is_read_by_the_device_alone_and_doesnt_tell_its_length():
    device, other = Device("https://a.example/1"), Device("https://a.example/2")
    keys = decoded(device.fields["p256dh"]), device.secret
    bodies = [encrypt(text, *keys) for text in (b"", b"x" * 900, "Grüße 🦉".encode())]
    assert [decrypted(body, device) for body in bodies] == [b"", b"x" * 900, "Grüße 🦉".encode()]
    assert len({len(body) for body in bodies}) == 1
    assert len(set(bodies)) == 3
    with pytest.raises(InvalidTag):
        decrypted(bodies[0], other)


def test_the_longest_text_fits_and_a_longer_one_is_refused():
    device = Device("https://a.example/1")
    keys = decoded(device.fields["p256dh"]), device.secret
    assert len(encrypt(b"x" * 3000, *keys)) <= 4096
    with pytest.raises(ValueError, match="too long"):
        encrypt(b"x" * 4096, *keys)
    with pytest.raises(ValueError, match=r"(?i)key|point|curve"):
        encrypt(b"x", b"\x04" + bytes(64), bytes(16))


def test_the_proof_is_for_one_push_service_and_one_key():
    number, public = encryption.new_key()
    header = encryption.proof("https://push.example", "mailto:a@b.example", number, int(time.time()) + 60)
    check_vapid(header, "https://push.example", encoded(public))
    for origin, key in (("https://other.example", ""), ("https://push.example", encoded(point(another())))):
        with pytest.raises(BadPush):
            check_vapid(header, origin, key)
    claims = json.loads(decoded(header.split("t=")[1].split(".")[1]))
    assert set(claims) == {"aud", "exp", "sub"}


def another():
    return ec.generate_private_key(ec.SECP256R1()).public_key()
