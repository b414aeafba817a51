// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClearingHouse} from "../../contracts/loyalty/ClearingHouse.sol";
import {Coupon, IPointsCampaigns} from "../../contracts/loyalty/IPointsCampaigns.sol";
import {IPointsHub} from "../../contracts/loyalty/IPointsHub.sol";
import {IPointsNetwork} from "../../contracts/loyalty/IPointsNetwork.sol";
import {IPointsReturns, Redemption} from "../../contracts/loyalty/IPointsReturns.sol";
import {LotsModel} from "./LotsModel.sol";

/// @dev All that one hub does.
interface IWholeHub is IPointsHub, IPointsNetwork, IPointsCampaigns, IPointsReturns {}

/// @title The books of a network of three programs
/// @notice The model beside the contracts: lots, debts, prices, positions and deposits in the
/// plainest form, with no packed words. Nothing in here asks the hub.
abstract contract PointsNetworkBooks {
    using LotsModel for LotsModel.Lots;

    /// @dev Prices in force from `effectiveAt` on; 0 for none announced.
    struct PriceTag {
        uint256 onRamp;
        uint256 offRamp;
        uint256 nextOnRamp;
        uint256 nextOffRamp;
        uint256 effectiveAt;
    }

    /// @dev A batch, or a reversible coupon, that can be reversed.
    struct Award {
        uint256 program;
        bytes32 batchId;
        bytes records;
        uint256 issued;
        uint256 endsAt;
    }

    /// @dev A refundable redemption; `offRamp` is the price at which it was posted.
    struct Spending {
        Redemption redemption;
        LotsModel.Lot[] lots;
        uint256 points;
        uint256 refunded;
        uint256 offRamp;
    }

    struct SignedCoupon {
        Coupon coupon;
        uint256 key;
        bytes signature;
    }

    struct Leaves {
        uint256 drop;
        uint256 program;
        uint256 left;
        uint256 issued;
        uint256 deadline;
        address[4] to;
        uint48[4] points;
    }

    /// @dev Something that may count once: what it is, whose, and which number it bears.
    struct Once {
        string kind;
        uint256 scope;
        uint256 number;
        uint256 times;
    }

    uint256 public constant PROGRAMS = 3;
    uint256 public constant HOLDERS = 8;
    /// @dev Holders before these are customers; the others are throw-away keys of gifts.
    uint256 internal constant ACTORS = 5;
    uint256 internal constant MAX = 2 ** 47 - 1;
    uint256 internal constant QUALIFYING_MAX = 2 ** 40 - 1;
    uint256 internal constant EPOCH_LENGTH = 1 days;
    uint256 internal constant WINDOW = EPOCH_LENGTH / 26;
    uint256 internal constant GENESIS = 1_800_000_000;

    uint256[PROGRAMS] public programs;
    address[HOLDERS] public holders;
    uint256 public time = GENESIS;

    mapping(uint256 program => uint256 epochs) internal _validity;
    mapping(uint256 program => uint256 points) internal _cap;
    mapping(uint256 program => uint32 window) internal _clawback;
    mapping(uint256 program => mapping(address holder => LotsModel.Lots lots)) internal _lots;
    mapping(uint256 program => mapping(address holder => uint256 points)) public qualifying;
    mapping(uint256 program => mapping(address holder => uint256 points)) public debts;

    mapping(uint256 program => PriceTag tag) internal _tags;
    mapping(uint256 debtor => mapping(uint256 creditor => int256 value)) public owed;
    mapping(uint256 debtor => mapping(uint256 creditor => uint256 value)) public limits;
    mapping(uint256 debtor => mapping(uint256 creditor => uint256 timestamp)) internal _settledAt;
    mapping(uint256 program => uint256 value) public deposits;

    /// @dev 0 for no key.
    mapping(uint256 program => uint256 key) internal _couponKey;
    mapping(uint256 program => uint256 points) internal _couponBudget;
    mapping(uint256 program => mapping(uint256 epoch => uint256 points)) public couponPoints;
    /// @dev The largest budget in force in the epoch.
    mapping(uint256 program => mapping(uint256 epoch => uint256 points)) public couponBudgetPeak;

    Award[] internal _awards;
    Spending[] internal _spendings;
    SignedCoupon[] internal _coupons;
    Leaves[] internal _drops;
    mapping(uint256 award => mapping(uint256 index => uint256 points)) internal _reversed;

    /// @dev Everything that may count once and was tried.
    Once[] public onces;
    mapping(bytes32 thing => uint256 position) private _onceAt;

    function epoch() public view returns (uint256) {
        return 4 + (time - GENESIS) / EPOCH_LENGTH;
    }

    function ending(uint256 program, address holder, uint256 end) public view returns (uint256) {
        return _lots[program][holder].ending(end);
    }

    function alive(uint256 program, address holder) public view returns (uint256) {
        return _lots[program][holder].alive(epoch());
    }

    /// @dev With what expired but was not written off by an event yet.
    function onRecord(uint256 program, address holder) external view returns (uint256) {
        return _lots[program][holder].all();
    }

    function onceCount() external view returns (uint256) {
        return onces.length;
    }

    function pricesAt(uint256 program) public view returns (PriceTag memory tag) {
        tag = _tags[program];
        if (tag.effectiveAt != 0 && tag.effectiveAt <= time) {
            return PriceTag(tag.nextOnRamp, tag.nextOffRamp, 0, 0, 0);
        }
    }

    function committed(uint256 program) public view returns (uint256 sum) {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            sum += limits[program][programs[i]];
        }
    }

    // What may be done

    /// @dev Whether the program can have `points` more that end with `end`.
    function _hasRoom(uint256 program, uint256 end, uint256 points) internal view returns (bool) {
        return _supplyEnding(program, end) + points <= MAX && _isWithinCap(program, points);
    }

    function _isWithinCap(uint256 program, uint256 points) internal view returns (bool) {
        return _cap[program] == 0 || _outstanding(program) + points <= _cap[program];
    }

    /// @dev Whether `debtor` can owe `creditor` that much more.
    function _isWithinLimit(uint256 debtor, uint256 creditor, uint256 value)
        internal
        view
        returns (bool)
    {
        return owed[debtor][creditor] + int256(value) <= int256(limits[debtor][creditor]);
    }

    function _value(uint256 program, uint256 points) internal view returns (uint256) {
        return (points * pricesAt(program).offRamp + 99) / 100;
    }

    /// @dev What reaches the holder of an award, after what it owes.
    function _credited(uint256 program, address holder, uint256 points)
        internal
        view
        returns (uint256)
    {
        uint256 debt = debts[program][holder];
        return points > debt ? points - debt : 0;
    }

    function _outstanding(uint256 program) internal view returns (uint256 sum) {
        for (uint256 i = 0; i < HOLDERS; ++i) {
            sum += alive(program, holders[i]);
        }
    }

    function _supplyEnding(uint256 program, uint256 end) internal view returns (uint256 sum) {
        for (uint256 i = 0; i < HOLDERS; ++i) {
            sum += ending(program, holders[i], end);
        }
    }

    // What was done

    function _bookAward(uint256 program, address holder, uint256 points, uint256 end) internal {
        _touch(program, holder);
        uint256 credited = _credited(program, holder, points);
        debts[program][holder] -= points - credited;
        _lots[program][holder].add(credited, end);
        uint256 sum = qualifying[program][holder] + points;
        qualifying[program][holder] = sum < QUALIFYING_MAX ? sum : QUALIFYING_MAX;
    }

    function _bookMove(uint256 program, address from, address to, uint256 points) internal {
        LotsModel.Lot[] memory taken = _bookSpending(program, from, points);
        _touch(program, to);
        for (uint256 i = 0; i < taken.length; ++i) {
            _lots[program][to].add(taken[i].amount, taken[i].end);
        }
    }

    function _bookSpending(uint256 program, address from, uint256 points)
        internal
        returns (LotsModel.Lot[] memory taken)
    {
        _touch(program, from);
        return _lots[program][from].takeOldest(points, epoch());
    }

    function _bookDebt(uint256 debtor, uint256 creditor, uint256 value) internal {
        owed[debtor][creditor] += int256(value);
        owed[creditor][debtor] -= int256(value);
    }

    function _touch(uint256 program, address holder) internal {
        _lots[program][holder].expire(epoch());
    }

    // What counts once

    function _timesOf(string memory kind, uint256 scope, uint256 number)
        internal
        returns (uint256 times)
    {
        return onces[_find(kind, scope, number)].times;
    }

    function _count(string memory kind, uint256 scope, uint256 number) internal {
        ++onces[_find(kind, scope, number)].times;
    }

    function _find(string memory kind, uint256 scope, uint256 number)
        private
        returns (uint256 position)
    {
        bytes32 thing = keccak256(abi.encode(kind, scope, number));
        if (_onceAt[thing] == 0) {
            onces.push(Once(kind, scope, number, 0));
            _onceAt[thing] = onces.length;
        }
        return _onceAt[thing] - 1;
    }
}
