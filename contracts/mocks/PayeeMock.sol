// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";

/// @title An account with code that sells, bids and is paid, and takes ether and tokens as told
/// @notice For tests. It accepts every signature as its own.
contract PayeeMock is IERC1271, IERC721Receiver {
    /// @dev What happens when it is paid, or given a token.
    enum Behaviour {
        Accept,
        Refuse,
        RevertBomb,
        ReturnBomb,
        BurnGas,
        Reenter,
        SpendGas,
        WrongMagic
    }

    // One word, so that a payment's gas suffices for a call that is kept in mind.
    Behaviour public behaviour;
    /// @notice Calls made by payments; whether the last one succeeded, and its error's selector.
    uint8 public calls;
    bool public succeeded;
    bytes4 public reason;
    /// @notice Whom a payment calls, and with what, if it re-enters.
    address public target;

    bytes public data;
    /// @notice Gas that `SpendGas` spends.
    uint256 public spending;
    /// @notice The data of the last safe transfer.
    bytes public received;

    error PayeeRefused();
    error PayeeCallFailed(bytes answer);

    receive() external payable {
        _behave();
    }

    function setBehaviour(Behaviour wanted) external {
        behaviour = wanted;
    }

    function spend(uint256 gas_) external {
        (behaviour, spending) = (Behaviour.SpendGas, gas_);
    }

    /// @notice The next payment calls `target_`.
    function callOnPayment(address target_, bytes calldata data_) external {
        (behaviour, target, data) = (Behaviour.Reenter, target_, data_);
    }

    /// @notice Calls as this account, with the ether that comes along.
    function execute(address to, bytes calldata call) external payable {
        (bool done, bytes memory result) = to.call{value: msg.value}(call);
        if (!done) revert PayeeCallFailed(result);
    }

    /// @inheritdoc IERC721Receiver
    function onERC721Received(address, address, uint256, bytes calldata data_)
        external
        returns (bytes4)
    {
        _behave();
        received = data_;
        return behaviour == Behaviour.WrongMagic
            ? bytes4(0xffffffff)
            : IERC721Receiver.onERC721Received.selector;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }

    function _behave() private {
        Behaviour wanted = behaviour;
        if (wanted == Behaviour.Refuse) revert PayeeRefused();
        if (wanted == Behaviour.BurnGas) while (true) {}
        if (wanted == Behaviour.SpendGas) {
            uint256 least = gasleft() - spending;
            while (gasleft() > least) {}
        }
        if (wanted == Behaviour.Reenter) _reenter();
        if (wanted == Behaviour.ReturnBomb) {
            assembly ("memory-safe") {
                return(0, 0x13880)
            }
        }
        if (wanted == Behaviour.RevertBomb) {
            assembly ("memory-safe") {
                revert(0, 0x13880)
            }
        }
    }

    function _reenter() private {
        behaviour = Behaviour.Accept;
        bytes memory answer;
        (succeeded, answer) = target.call(data);
        (calls, reason) = (calls + 1, bytes4(answer));
    }
}
