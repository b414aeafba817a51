"""What fills the index: fetching, checking, decoding, writing, taking back."""
