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
        taken = oldest(lots, amount, epoch);
        for (uint256 i = 0; i < taken.length; ++i) {
            take(lots, taken[i].amount, taken[i].end);
        }
    }

    /// @dev What ends first and makes up `amount`, or less if there is less.
    function oldest(Lots storage lots, uint256 amount, uint256 epoch)
        internal
        view
        returns (Lot[] memory found)
    {
        Lot[] memory left = lots.list;
        found = new Lot[](left.length);
        for (uint256 count = 0; count < left.length; ++count) {
            uint256 first = left.length;
            for (uint256 i = 0; i < left.length; ++i) {
                if (left[i].end <= epoch || left[i].amount == 0) continue;
                if (first == left.length || left[i].end < left[first].end) first = i;
            }
            if (first == left.length) break;
            uint256 part = amount < left[first].amount ? amount : left[first].amount;
            found[count] = Lot({amount: part, end: left[first].end});
            left[first].amount = 0;
            amount -= part;
        }
    }

    function take(Lots storage lots, uint256 amount, uint256 end) internal {
        for (uint256 i = 0; i < lots.list.length; ++i) {
            if (lots.list[i].end == end) lots.list[i].amount -= amount;
        }
    }

    /// @dev Forgets what has expired, and says how much it was.
    function expire(Lots storage lots, uint256 epoch) internal returns (uint256 expired) {
        for (uint256 i = lots.list.length; i != 0; --i) {
            Lot memory lot = lots.list[i - 1];
            if (lot.end > epoch) continue;
            expired += lot.amount;
            lots.list[i - 1] = lots.list[lots.list.length - 1];
            lots.list.pop();
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
