// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICuratorBoard} from "../ICuratorBoard.sol";

/// @dev Curators by rising address, a word each, kept as the code of a contract. Whoever looks for
/// several of them so pays for one account, not for a slot each. It is written once: a change of
/// the board makes a new one. Each word starts with a zero, so whoever calls it stops at once.
type CuratorList is address;

using CuratorListLibrary for CuratorList global;

library CuratorListLibrary {
    uint256 private constant MOST = 64;

    /// @dev Code that returns what follows it as the new contract's code:
    /// PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    uint256 private constant INIT_CODE = 0x61000080600a5f395ff3;

    function store(address[] memory curators) internal returns (CuratorList list) {
        assembly ("memory-safe") {
            let length := mload(curators)
            let size := shl(5, length)
            mstore(curators, or(INIT_CODE, shl(56, size)))
            list := create(0, add(curators, 22), add(size, 10))
            mstore(curators, length)
            // Only for want of gas.
            if iszero(list) { revert(0, 0) }
        }
    }

    function load(CuratorList list) internal view returns (address[] memory curators) {
        assembly ("memory-safe") {
            let size := extcodesize(list)
            curators := mload(0x40)
            mstore(0x40, add(add(curators, 32), size))
            mstore(curators, shr(5, size))
            extcodecopy(list, add(curators, 32), 0, size)
        }
    }

    function count(CuratorList list) internal view returns (uint256) {
        return CuratorList.unwrap(list).code.length / 32;
    }

    function has(CuratorList list, address account) internal view returns (bool) {
        address[] memory curators = list.load();
        uint256 place = placeOf(curators, curators.length, account);
        return place < curators.length && curators[place] == account;
    }

    /// @dev The list after a change: first `dismissed`, then `admitted`, who must not be in
    /// `curators` either, so that nobody is in both.
    function changed(
        address[] memory curators,
        address[] memory admitted,
        address[] memory dismissed
    ) internal pure returns (address[] memory next) {
        uint256 length = curators.length;
        next = new address[](length + admitted.length);
        for (uint256 i = 0; i < length; ++i) {
            next[i] = curators[i];
        }
        for (uint256 i = 0; i < dismissed.length; ++i) {
            length = _remove(next, length, dismissed[i]);
        }
        for (uint256 i = 0; i < admitted.length; ++i) {
            uint256 place = placeOf(curators, curators.length, admitted[i]);
            if (place < curators.length && curators[place] == admitted[i]) {
                revert ICuratorBoard.CuratorListInvalid(admitted[i]);
            }
            length = _insert(next, length, admitted[i]);
        }
        assembly ("memory-safe") {
            mstore(next, length)
        }
    }

    /// @dev Where `account` is among the first `length`, or would be. From the end, where lists
    /// that rise grow.
    function placeOf(address[] memory curators, uint256 length, address account)
        internal
        pure
        returns (uint256 place)
    {
        place = length;
        while (place != 0 && curators[place - 1] >= account) --place;
    }

    function _remove(address[] memory curators, uint256 length, address account)
        private
        pure
        returns (uint256)
    {
        uint256 place = placeOf(curators, length, account);
        if (place == length || curators[place] != account) {
            revert ICuratorBoard.CuratorListInvalid(account);
        }

        for (uint256 i = place + 1; i < length; ++i) {
            curators[i - 1] = curators[i];
        }
        return length - 1;
    }

    function _insert(address[] memory curators, uint256 length, address account)
        private
        pure
        returns (uint256)
    {
        uint256 place = placeOf(curators, length, account);
        bool isListed = place < length && curators[place] == account;
        if (account == address(0) || isListed || length == MOST) {
            revert ICuratorBoard.CuratorListInvalid(account);
        }

        for (uint256 i = length; i > place; --i) {
            curators[i] = curators[i - 1];
        }
        curators[place] = account;
        return length + 1;
    }
}
