// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Consent, ConsentStatus} from "../IConsentRegistry.sol";

/// @dev A consent in one word, written at once. From the left: version 32, renewedUntil 40,
/// grantedAt 40, status 8 bits.
type ConsentWord is uint256;

using ConsentWordLibrary for ConsentWord global;

library ConsentWordLibrary {
    function pack(Consent memory consent) internal pure returns (ConsentWord) {
        return ConsentWord.wrap(
            uint256(consent.version) << 88 | uint256(consent.renewedUntil) << 48
                | uint256(consent.grantedAt) << 8 | uint256(consent.status)
        );
    }

    function unpack(ConsentWord word) internal pure returns (Consent memory consent) {
        uint256 bits = ConsentWord.unwrap(word);
        consent.status = word.status();
        consent.grantedAt = uint40(bits >> 8);
        consent.renewedUntil = uint40(bits >> 48);
        consent.version = uint32(bits >> 88);
    }

    function status(ConsentWord word) internal pure returns (ConsentStatus) {
        return ConsentStatus(uint8(ConsentWord.unwrap(word)));
    }

    function withStatus(ConsentWord word, ConsentStatus to) internal pure returns (ConsentWord) {
        return ConsentWord.wrap(ConsentWord.unwrap(word) & ~uint256(0xff) | uint256(to));
    }
}
