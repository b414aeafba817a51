// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Bytes that are written once and kept as the code of a contract: 200 gas a byte instead of
/// 690 in storage, and one account to open however many of them are read. The code starts with a
/// zero, STOP, so that whoever calls it does nothing.
type CodeBytes is address;

using CodeBytesLibrary for CodeBytes global;

library CodeBytesLibrary {
    /// @dev The most that a contract's code holds (EIP-170), less the leading zero.
    uint256 internal constant MOST = 24_575;

    /// @dev Code that returns what follows it as the new contract's code, and the leading zero:
    /// PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN, STOP.
    uint256 private constant INIT_CODE = 0x61000080600a5f395ff300;

    /// @param data At most `MOST` bytes.
    function store(bytes memory data) internal returns (CodeBytes kept) {
        assembly ("memory-safe") {
            let length := mload(data)
            mstore(data, or(INIT_CODE, shl(64, add(length, 1))))
            kept := create(0, add(data, 21), add(length, 11))
            mstore(data, length)
            // Only for want of gas, or for want of room.
            if iszero(kept) { revert(0, 0) }
        }
    }

    function load(CodeBytes kept) internal view returns (bytes memory) {
        return kept.slice(0, kept.size());
    }

    /// @dev What lies past the end reads as zeros.
    function slice(CodeBytes kept, uint256 offset, uint256 length)
        internal
        view
        returns (bytes memory data)
    {
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(0x40, add(add(data, 32), and(add(length, 31), not(31))))
            mstore(data, length)
            extcodecopy(kept, add(data, 32), add(offset, 1), length)
        }
    }

    function size(CodeBytes kept) internal view returns (uint256) {
        return CodeBytes.unwrap(kept).code.length - 1;
    }
}
