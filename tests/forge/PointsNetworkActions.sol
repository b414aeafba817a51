// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RedeemIntent, RedeemTerms} from "../../contracts/loyalty/IPointsHub.sol";
import {ExchangeIntent} from "../../contracts/loyalty/IPointsNetwork.sol";
import {Redemption} from "../../contracts/loyalty/IPointsReturns.sol";
import {Dice} from "./Dice.sol";
import {exchangeHash, redeemHash} from "./Intents.sol";
import {LotsModel} from "./LotsModel.sol";
import {PointsLedgerActions} from "./PointsLedgerActions.sol";
import {vm} from "./Vm.sol";

/// @title Random exchanges and redemptions, at home and abroad
abstract contract PointsNetworkActions is PointsLedgerActions {
    using LotsModel for LotsModel.Lots;

    function announcePrices(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        uint256 onRamp = dice.magnitude(6);
        uint256 offRamp = dice.oneIn(2) ? onRamp : dice.part(onRamp);
        bool allowed = offRamp != 0 && offRamp <= onRamp;
        vm.prank(_owner(program));
        try HUB.announcePrices(program, uint48(onRamp), uint48(offRamp)) {
            _expect("announcePrices", allowed);
            _bookPrices(program, onRamp, offRamp);
        } catch {
            _expectRefused("announcePrices", allowed);
        }
    }

    function exchange(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        ExchangeIntent memory intent = _exchangeIntent(dice);
        _mayPost(intent.program);
        _exchange(intent, "exchange");
    }

    /// @dev A round trip through two or three programs must not return more than went in.
    function exchangeInCycle(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        ExchangeIntent memory intent = _exchangeIntent(dice);
        uint256 length = 2 + dice.below(2);
        uint256 first = dice.below(PROGRAMS);
        uint256 way = 1 + dice.below(2);
        intent.program = programs[first];
        uint256 put = dice.part(alive(intent.program, intent.from));
        (intent.points, intent.minPoints, intent.deadline) = (uint48(put), 0, uint40(time));
        for (uint256 leg = 1; leg <= length; ++leg) {
            intent.toProgram = programs[leg == length ? first : (first + leg * way) % PROGRAMS];
            _mayGrow(intent.program, 99);
            bool done;
            (done, intent.points) = _exchange(intent, "exchange");
            if (!done) return;
            intent.program = intent.toProgram;
        }
        if (intent.points > put) _violate(7, "a cycle of exchanges earned points");
        if (put != 0) _expect("exchangeInCycle", true);
    }

    function exchangeBySig(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        ExchangeIntent memory intent = _exchangeIntent(dice);
        uint256 signer = dice.below(ACTORS);
        (intent.from, intent.nonce) = (holders[signer], _number(dice));
        intent.points = uint48(dice.part(alive(intent.program, intent.from)));
        (bytes memory signature, bool allowed) =
            _sign(dice, _holderKey(signer), exchangeHash(intent));
        uint256 received;
        bool fits;
        (fits, received) = _quote(intent);
        allowed = allowed && fits && _timesOf("nonce", uint160(intent.from), intent.nonce) == 0;
        if (allowed) _consent(intent.program, intent.from);
        _mayPost(intent.program);
        vm.prank(_actor(dice));
        try HUB.exchangeBySig(intent, signature) returns (uint256 points) {
            _expect("exchangeBySig", allowed);
            _agree("exchangeBySig", points, received);
        } catch {
            return _expectRefused("exchangeBySig", allowed);
        }
        _count("nonce", uint160(intent.from), intent.nonce);
        _bookExchange(intent);
    }

    function redeem(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 program, address holder) = (_program(dice), _actor(dice));
        uint256 held = alive(program, holder);
        uint256 points = dice.part(held);
        _consent(program, holder);
        vm.prank(holder);
        try HUB.redeem(program, points) {
            _expect("redeem", points <= held);
            _bookSpending(program, holder, points);
        } catch {
            _expectRefused("redeem", points <= held);
        }
    }

    function redeemAt(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 program, address holder) = (_program(dice), _actor(dice));
        uint256 merchant = _other(dice, program);
        uint256 points = dice.part(alive(program, holder));
        uint256 value = _value(program, points);
        uint48 minValue = dice.oneIn(4) ? uint48(value + dice.below(2)) : 0;
        uint40 deadline = _deadline(dice);
        bool allowed = program != merchant && points <= alive(program, holder) && value >= minValue
            && deadline >= time && _isWithinLimit(program, merchant, value);
        _consent(program, holder);
        _mayPost(program);
        vm.prank(holder);
        try HUB.redeemAt(uint48(points), minValue, program, merchant, deadline) returns (
            uint256 credited
        ) {
            _expect("redeemAt", allowed);
            _agree("value", credited, value);
            _bookSpending(program, holder, points);
            _bookDebt(program, merchant, value);
        } catch {
            _expectRefused("redeemAt", allowed);
        }
    }

    function redeemBySig(uint256 seed) external watched {
        _redeemBySig(Dice(seed));
    }

    function redeemMany(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        RedeemTerms memory terms = _terms(dice);
        bool isAbroad = terms.program != terms.merchant;
        uint256 room = type(uint256).max;
        if (isAbroad) {
            int256 left =
                int256(limits[terms.program][terms.merchant]) - owed[terms.program][terms.merchant];
            room = uint256(left) * 100 / pricesAt(terms.program).offRamp;
        }
        bytes memory packed;
        uint256 points;
        uint256 redeemed;
        for (uint256 count = 1 + dice.below(4); count != 0; --count) {
            (RedeemIntent memory intent, bytes memory signature, bool allowed) =
                _redeemIntent(dice, terms);
            packed = abi.encodePacked(
                packed,
                intent.from,
                intent.points,
                intent.orderId,
                intent.deadline,
                uint16(signature.length),
                signature
            );
            if (!allowed || intent.points > room - points) continue;
            // An intent that gets as far as the balance rolls the account.
            _touch(terms.program, intent.from);
            if (intent.points > alive(terms.program, intent.from)) continue;
            _consent(terms.program, intent.from);
            _bookOrder(intent, 0, false);
            points += intent.points;
            ++redeemed;
        }
        if (isAbroad) _mayPost(terms.program);
        vm.prank(_till(terms.merchant));
        _agree("redeemMany", HUB.redeemMany(terms, packed), redeemed);
        if (isAbroad) _bookDebt(terms.program, terms.merchant, _value(terms.program, points));
        if (redeemed == 0) return _expect("redeemMany of nothing", true);
        _expect(isAbroad ? "redeemMany abroad" : "redeemMany", true);
    }

    function _redeemBySig(Dice memory dice) internal {
        (RedeemIntent memory intent, bytes memory signature, bool allowed) =
            _redeemIntent(dice, _terms(dice));
        uint256 value;
        if (intent.program != intent.merchant) value = _value(intent.program, intent.points);
        allowed = allowed && intent.points <= alive(intent.program, intent.from)
            && _isWithinLimit(intent.program, intent.merchant, value);
        bool isRefundable = !dice.oneIn(4);
        if (allowed) _consent(intent.program, intent.from);
        _mayGrow(intent.program, 99);
        vm.prank(_till(intent.merchant));
        try HUB.redeemBySig(intent, isRefundable, signature) {
            _expect(
                intent.program == intent.merchant ? "redeemBySig" : "redeemBySig abroad", allowed
            );
        } catch {
            return _expectRefused("redeemBySig", allowed);
        }
        _bookOrder(intent, value, isRefundable);
    }

    function _bookPrices(uint256 program, uint256 onRamp, uint256 offRamp) internal {
        PriceTag memory tag = pricesAt(program);
        uint256 notice = tag.onRamp == 0 ? 0 : WINDOW;
        _tags[program] = PriceTag(tag.onRamp, tag.offRamp, onRamp, offRamp, time + notice);
    }

    function _exchangeIntent(Dice memory dice) private view returns (ExchangeIntent memory intent) {
        uint256 program = _program(dice);
        address from = _actor(dice);
        intent = ExchangeIntent({
            program: program,
            toProgram: _other(dice, program),
            from: from,
            points: uint48(dice.part(alive(program, from))),
            minPoints: 0,
            termsHash: bytes32(dice.below(2)),
            nonce: 0,
            deadline: _deadline(dice)
        });
        if (dice.oneIn(4)) {
            (, uint256 received) = _quote(intent);
            intent.minPoints = uint48(received + dice.below(2));
        }
    }

    /// @dev By the holder itself.
    function _exchange(ExchangeIntent memory intent, string memory action)
        private
        returns (bool done, uint48 received)
    {
        (bool allowed, uint256 quoted) = _quote(intent);
        if (allowed) _checkQuote(intent, quoted);
        _consent(intent.program, intent.from);
        vm.prank(intent.from);
        try HUB.exchange(
            intent.program, intent.points, intent.toProgram, intent.minPoints, intent.deadline
        ) returns (
            uint256 points
        ) {
            _expect(action, allowed);
            _agree(action, points, quoted);
            received = uint48(points);
        } catch {
            _expectRefused(action, allowed);
            return (false, 0);
        }
        _bookExchange(intent);
        return (true, received);
    }

    /// @dev The hub foretells what it is about to do.
    function _checkQuote(ExchangeIntent memory intent, uint256 quoted) private {
        (uint256 received, uint256 value) =
            HUB.quoteExchange(intent.program, intent.toProgram, intent.from, intent.points);
        _agree("quoted points", received, quoted);
        _agree("quoted value", value, _value(intent.program, intent.points));
    }

    /// @dev What comes out, lot by lot, and whether all that an exchange asks for is there.
    function _quote(ExchangeIntent memory intent)
        private
        view
        returns (bool allowed, uint256 received)
    {
        (uint256 program, uint256 toProgram) = (intent.program, intent.toProgram);
        uint256 offRamp = pricesAt(program).offRamp;
        uint256 onRamp = pricesAt(toProgram).onRamp;
        if (onRamp == 0) return (false, 0);
        allowed = program != toProgram && intent.points <= alive(program, intent.from)
            && intent.deadline >= time;
        LotsModel.Lot[] memory lots = _lots[program][intent.from].oldest(intent.points, epoch());
        for (uint256 i = 0; i < lots.length; ++i) {
            uint256 part = lots[i].amount * offRamp / onRamp;
            received += part;
            allowed = allowed && _supplyEnding(toProgram, lots[i].end) + part <= MAX;
        }
        allowed = allowed && received >= intent.minPoints && _isWithinCap(toProgram, received)
            && _isWithinLimit(program, toProgram, _value(program, intent.points));
    }

    function _bookExchange(ExchangeIntent memory intent) private {
        uint256 offRamp = pricesAt(intent.program).offRamp;
        uint256 onRamp = pricesAt(intent.toProgram).onRamp;
        LotsModel.Lot[] memory lots = _bookSpending(intent.program, intent.from, intent.points);
        _touch(intent.toProgram, intent.from);
        for (uint256 i = 0; i < lots.length; ++i) {
            _lots[intent.toProgram][intent.from].add(lots[i].amount * offRamp / onRamp, lots[i].end);
        }
        _bookDebt(intent.program, intent.toProgram, _value(intent.program, intent.points));
    }

    function _terms(Dice memory dice) private view returns (RedeemTerms memory) {
        (uint256 program, uint256 merchant) = (_program(dice), _program(dice));
        return RedeemTerms(program, merchant, bytes32(dice.below(2)));
    }

    /// @dev `allowed` as far as signature, order and time go.
    function _redeemIntent(Dice memory dice, RedeemTerms memory terms)
        private
        returns (RedeemIntent memory intent, bytes memory signature, bool allowed)
    {
        uint256 signer = dice.below(ACTORS);
        intent = RedeemIntent({
            program: terms.program,
            merchant: terms.merchant,
            termsHash: terms.termsHash,
            from: holders[signer],
            points: uint48(dice.part(alive(terms.program, holders[signer]))),
            orderId: uint48(_number(dice)),
            deadline: _deadline(dice)
        });
        (signature, allowed) = _sign(dice, _holderKey(signer), redeemHash(intent));
        allowed = allowed && intent.deadline >= time
            && _timesOf("order", intent.merchant, intent.orderId) == 0;
    }

    function _bookOrder(RedeemIntent memory intent, uint256 value, bool isRefundable) private {
        _count("order", intent.merchant, intent.orderId);
        LotsModel.Lot[] memory lots = _bookSpending(intent.program, intent.from, intent.points);
        if (value != 0) _bookDebt(intent.program, intent.merchant, value);
        if (!isRefundable) return;

        Spending storage spending = _spendings.push();
        spending.points = intent.points;
        spending.offRamp = pricesAt(intent.program).offRamp;
        uint256 amounts;
        for (uint256 i = 0; i < lots.length; ++i) {
            if (lots[i].amount == 0) continue;
            spending.lots.push(lots[i]);
            amounts |= lots[i].amount << 48 * (epoch() + 4 - lots[i].end);
        }
        spending.redemption = Redemption({
            program: intent.program,
            merchant: intent.merchant,
            from: intent.from,
            orderId: intent.orderId,
            epoch: uint16(epoch()),
            amounts: amounts,
            value: value
        });
    }
}
