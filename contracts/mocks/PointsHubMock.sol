// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A ledger of points that behaves badly as told
/// @notice For tests: only what a sale asks of it.
contract PointsHubMock {
    /// @dev What an award does.
    enum Behaviour {
        Book,
        Refuse,
        RevertBomb,
        ReturnBomb,
        BurnGas,
        Reenter,
        SpendGas
    }

    Behaviour public behaviour;
    /// @notice Points of an account.
    mapping(uint256 program => mapping(address account => uint256 points)) public pointsOf;
    /// @notice What an award calls its caller with, if it re-enters.
    bytes public data;
    bool public succeeded;
    bytes public answer;

    error AwardRefused();

    function setBehaviour(Behaviour wanted) external {
        behaviour = wanted;
    }

    function callOnAward(bytes calldata data_) external {
        (behaviour, data) = (Behaviour.Reenter, data_);
    }

    function award(uint256 program, uint48 points, address to) external {
        Behaviour wanted = behaviour;
        if (wanted == Behaviour.Refuse) revert AwardRefused();
        if (wanted == Behaviour.BurnGas) while (true) {}
        if (wanted == Behaviour.SpendGas) {
            uint256 least = gasleft() - 165_000; // so it gives up at once if there is less
            while (gasleft() > least) {}
        }
        if (wanted == Behaviour.Reenter) (succeeded, answer) = msg.sender.call(data);
        pointsOf[program][to] += points;
        if (wanted == Behaviour.ReturnBomb) {
            assembly ("memory-safe") {
                return(0, 0x3d090)
            }
        }
        if (wanted == Behaviour.RevertBomb) {
            assembly ("memory-safe") {
                revert(0, 0x3d090)
            }
        }
    }
}
