// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Choices that follow from one seed, in the order in which they are asked for.
struct Dice {
    uint256 state;
}

using DiceLibrary for Dice global;

library DiceLibrary {
    function next(Dice memory dice) internal pure returns (uint256) {
        dice.state = uint256(keccak256(abi.encode(dice.state)));
        return dice.state;
    }

    function below(Dice memory dice, uint256 bound) internal pure returns (uint256) {
        return next(dice) % bound;
    }

    function oneIn(Dice memory dice, uint256 count) internal pure returns (bool) {
        return below(dice, count) == 0;
    }

    /// @dev Mostly a part of `whole`, sometimes all, sometimes one more.
    function part(Dice memory dice, uint256 whole) internal pure returns (uint256) {
        uint256 mode = below(dice, 8);
        if (mode == 0) return whole;
        if (mode == 1) return whole + 1;
        if (mode == 2) return whole < 12 ? whole : below(dice, 12);
        return whole == 0 ? 0 : below(dice, whole);
    }

    /// @dev Any magnitude from 1 to 10^`digits`.
    function magnitude(Dice memory dice, uint256 digits) internal pure returns (uint256) {
        return 1 + below(dice, 10 ** (1 + below(dice, digits)));
    }
}
