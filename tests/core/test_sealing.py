"""Secrets that can be read again, here and for their purpose only."""

import base64

import pytest
from hypothesis import given, strategies as st

from core.sealing import FORM, SealError, seal, unseal

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(text=ANY, purpose=ANY)
def test_what_was_sealed_is_read_again(text, purpose):
    assert unseal(seal(text, purpose=purpose), purpose=purpose) == text


def test_the_same_text_is_never_sealed_alike_and_not_to_be_seen():
    first, second = (seal("a secret that is long", purpose="p") for _ in range(2))
    assert first != second
    raw = base64.urlsafe_b64decode(first.removeprefix(FORM))
    assert b"secret" not in raw


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_changed_bit_is_noticed(place, bit):
    raw = bytearray(base64.urlsafe_b64decode(seal("secret", purpose="p")[2:]))
    raw[place % len(raw)] ^= 1 << bit
    changed = FORM + base64.urlsafe_b64encode(bytes(raw)).decode()
    with pytest.raises(SealError):
        unseal(changed, purpose="p")


@pytest.mark.parametrize("text", ["", "1:", "2:AAAA", "1:é", "1:A", "nothing at all"])
def test_what_was_never_sealed_is_refused(text):
    with pytest.raises(SealError):
        unseal(text, purpose="p")


def test_it_is_for_one_purpose_and_one_installation(settings):
    sealed = seal("secret", purpose="source/1/a")
    with pytest.raises(SealError):
        unseal(sealed, purpose="source/2/a")
    settings.SECRET_KEY = settings.SECRET_KEY + "x"
    with pytest.raises(SealError):
        unseal(sealed, purpose="source/1/a")
