// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CaseStatus, CuratorCase, Ground} from "../ICuratorBoard.sol";

/// @dev A case, in one word. From the left, after 16 bits of nothing: opener 160, openedAt 40,
/// ayes 8, noes 8, ground 8, status 8, isDefended 8 bits.
type CaseWord is uint256;

using CaseWordLibrary for CaseWord global;

library CaseWordLibrary {
    function pack(CuratorCase memory case_) internal pure returns (CaseWord) {
        return CaseWord.wrap(
            uint256(uint160(case_.opener)) << 80 | uint256(case_.openedAt) << 40
                | uint256(case_.ayes) << 32 | uint256(case_.noes) << 24 | uint256(case_.ground)
                << 16 | uint256(case_.status) << 8 | (case_.isDefended ? 1 : 0)
        );
    }

    function unpack(CaseWord word) internal pure returns (CuratorCase memory) {
        uint256 bits = CaseWord.unwrap(word);
        return CuratorCase({
            opener: word.opener(),
            openedAt: uint40(bits >> 40),
            ayes: uint8(bits >> 32),
            noes: uint8(bits >> 24),
            ground: word.ground(),
            status: word.status(),
            isDefended: uint8(bits) == 1
        });
    }

    function opener(CaseWord word) internal pure returns (address) {
        return address(uint160(CaseWord.unwrap(word) >> 80));
    }

    function ground(CaseWord word) internal pure returns (Ground) {
        return Ground(uint8(CaseWord.unwrap(word) >> 16));
    }

    function status(CaseWord word) internal pure returns (CaseStatus) {
        return CaseStatus(uint8(CaseWord.unwrap(word) >> 8));
    }
}
