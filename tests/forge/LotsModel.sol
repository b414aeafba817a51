// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Points as a plain list of lots
/// @notice The model that the packed word is compared with. It knows no lanes, shifts or rolling: a
/// lot is an amount and the epoch whose start ends its life, which nothing ever changes.
library LotsModel {
    struct Lot {
        uint256 amount;
        uint256 end;
    }

    struct Lots {
        Lot[] list;
    }

    function add(Lots storage lots, uint256 amount, uint256 end) internal {
        for (uint256 i = 0; i < lots.list.length; ++i) {
            if (lots.list[i].end == end) {
                lots.list[i].amount += amount;
                return;
            }
        }
        if (amount != 0) lots.list.push(Lot({amount: amount, end: end}));
    }

    /// @dev Takes what ends first; the caller has seen that there is enough.
    function takeOldest(Lots storage lots, uint256 amount, uint256 epoch)
        internal
        returns (Lot[] memory taken)
    {
        taken = new Lot[](lots.list.length);
        for (uint256 count = 0; amount != 0; ++count) {
            uint256 first = lots.list.length;
            for (uint256 i = 0; i < lots.list.length; ++i) {
                Lot storage lot = lots.list[i];
                if (lot.end <= epoch || lot.amount == 0) continue;
                if (first == lots.list.length || lot.end < lots.list[first].end) first = i;
            }
            Lot storage oldest = lots.list[first];
            uint256 part = amount < oldest.amount ? amount : oldest.amount;
            oldest.amount -= part;
            amount -= part;
            taken[count] = Lot({amount: part, end: oldest.end});
        }
    }

    function take(Lots storage lots, uint256 amount, uint256 end) internal {
        for (uint256 i = 0; i < lots.list.length; ++i) {
            if (lots.list[i].end == end) lots.list[i].amount -= amount;
        }
    }

    /// @dev Forgets what has expired, and says how much it was.
    function expire(Lots storage lots, uint256 epoch) internal returns (uint256 expired) {
        for (uint256 i = 0; i < lots.list.length; ++i) {
            if (lots.list[i].end > epoch) continue;
            expired += lots.list[i].amount;
            lots.list[i].amount = 0;
        }
    }

    function ending(Lots storage lots, uint256 end) internal view returns (uint256 amount) {
        for (uint256 i = 0; i < lots.list.length; ++i) {
            if (lots.list[i].end == end) amount += lots.list[i].amount;
        }
    }

    function alive(Lots storage lots, uint256 epoch) internal view returns (uint256 amount) {
        for (uint256 i = 0; i < lots.list.length; ++i) {
            if (lots.list[i].end > epoch) amount += lots.list[i].amount;
        }
    }

    /// @dev Everything that was not forgotten, expired or not.
    function all(Lots storage lots) internal view returns (uint256 amount) {
        for (uint256 i = 0; i < lots.list.length; ++i) {
            amount += lots.list[i].amount;
        }
    }
}
