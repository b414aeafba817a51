"""Numbers of the points hub that tests name."""

ZERO = "0x" + "00" * 20
EPOCH_LENGTH = 15_778_800
EPOCH_MAX = 2**16 - 1
POINTS_MAX = 2**47 - 1
QUALIFYING_MAX = 2**40 - 1
UNLIMITED = 2**48 - 1
INFINITE = 2**256 - 1
ANY_TIME = 2**40 - 1
