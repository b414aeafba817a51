// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The hash that commits to every event of provenance
/// @dev The first base of {Artworks}, so that the head is in storage slot 0.
abstract contract ArtworkHistory {
    bytes32 internal _historyHead;

    /// @dev `topic` is the first topic of the event that stands for the link.
    function _link(bytes32 topic, uint256 id, address a, address b, bytes32 detail) internal {
        _historyHead = keccak256(abi.encode(_historyHead, topic, id, a, b, detail, block.timestamp));
    }
}
