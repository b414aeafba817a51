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

    /// @dev Code that returns code of 8 bytes: creates a contract from what it is called with.
    uint256 private constant PROXY_CODE = 0x67363d3d37363d34f03d5260086018f3;
    bytes32 private constant PROXY_HASH = keccak256(hex"67363d3d37363d34f03d5260086018f3");

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

    /// @dev As `store`, at an address that `placeOf` finds again without reading storage. A salt is
    /// used once: later it fails.
    /// Source: the pattern known as CREATE3. A proxy of always the same code is put at an address
    /// that depends on the salt alone, and creates the contract as its first: what the address
    /// depends on is the proxy and the number 1.
    function storeAt(bytes memory data, uint256 salt) internal returns (CodeBytes kept) {
        kept = placeOf(salt);
        bool done;
        assembly ("memory-safe") {
            mstore(0, PROXY_CODE)
            let proxy := create2(0, 16, 16, salt)
            let length := mload(data)
            mstore(data, or(INIT_CODE, shl(64, add(length, 1))))
            done := call(gas(), proxy, 0, add(data, 21), add(length, 11), 0, 0)
            done := and(and(done, iszero(iszero(proxy))), eq(extcodesize(kept), add(length, 1)))
            mstore(data, length)
            // The salt was used, or for want of gas or room.
            if iszero(done) { revert(0, 0) }
        }
    }

    /// @dev Where this contract stores, or would store, by a salt.
    function placeOf(uint256 salt) internal view returns (CodeBytes kept) {
        bytes32 proxyHash = PROXY_HASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(0, or(shl(160, 0xff), address()))
            mstore(32, salt)
            mstore(64, proxyHash)
            // RLP of a list of the proxy's address and its first nonce, 1.
            mstore(0, or(shl(168, 0xd694), shr(88, shl(96, keccak256(11, 85)))))
            mstore8(31, 1)
            kept := shr(96, shl(96, keccak256(9, 23)))
            mstore(0x40, free)
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

    function isStored(CodeBytes kept) internal view returns (bool) {
        return CodeBytes.unwrap(kept).code.length != 0;
    }

    function size(CodeBytes kept) internal view returns (uint256) {
        return CodeBytes.unwrap(kept).code.length - 1;
    }
}
