// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Customer, CustomerStatus} from "../ICustomerRegistry.sol";

/// @dev What the registry keeps of an id, in one word. Its last byte is the status. Of a linked
/// tag the rest is the cid, whose own last byte is zero; else, from the left: controller 160,
/// registeredAt 40, scope 24, epoch 16, level 8 bits.
type CustomerWord is uint256;

using CustomerWordLibrary for CustomerWord global;

library CustomerWordLibrary {
    function pack(Customer memory customer) internal pure returns (CustomerWord) {
        return CustomerWord.wrap(
            uint256(uint160(customer.controller)) << 96 | uint256(customer.registeredAt) << 56
                | uint256(customer.scope) << 32 | uint256(customer.epoch) << 16
                | uint256(customer.level) << 8 | uint256(customer.status)
        );
    }

    function packLink(bytes32 cid) internal pure returns (CustomerWord) {
        return CustomerWord.wrap(uint256(cid) | uint256(CustomerStatus.Linked));
    }

    function unpack(CustomerWord word) internal pure returns (Customer memory customer) {
        customer.status = word.status();
        if (customer.status == CustomerStatus.Linked) return customer;

        uint256 bits = CustomerWord.unwrap(word);
        customer.controller = word.controller();
        customer.registeredAt = uint40(bits >> 56);
        customer.scope = uint24(bits >> 32);
        customer.epoch = uint16(bits >> 16);
        customer.level = uint8(bits >> 8);
    }

    /// @dev Of a profile, not of a link.
    function controller(CustomerWord word) internal pure returns (address) {
        return address(uint160(CustomerWord.unwrap(word) >> 96));
    }

    function status(CustomerWord word) internal pure returns (CustomerStatus) {
        return CustomerStatus(uint8(CustomerWord.unwrap(word)));
    }

    /// @dev Of a link, not of a profile.
    function target(CustomerWord word) internal pure returns (bytes32 cid) {
        return bytes32(CustomerWord.unwrap(word) & ~uint256(0xff));
    }

    function isEmpty(CustomerWord word) internal pure returns (bool) {
        return CustomerWord.unwrap(word) == 0;
    }
}
