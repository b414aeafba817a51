// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IPointsHub,
    ProgramConfig,
    RedeemIntent,
    RedeemTerms,
    TransferIntent
} from "../../contracts/loyalty/IPointsHub.sol";
import {IPointsToken} from "../../contracts/loyalty/IPointsToken.sol";
import {domainSeparator, redeemHash, signIntent, transferHash} from "./Intents.sol";
import {LotsModel} from "./LotsModel.sol";
import {Vm, assertEqual, deployHub, vm} from "./Vm.sol";

/// @title Random users of a hub, and the books they keep beside it
/// @notice Every action is tried on the hub, must succeed exactly if the model allows it, and is
/// then booked in the model.
contract PointsHubHandler {
    using LotsModel for LotsModel.Lots;

    uint256 public constant ACTORS = 5;
    uint256 private constant EPOCH_LENGTH = 1 days;
    uint256 private constant MAX = 2 ** 47 - 1;

    IPointsHub public immutable HUB;
    address private immutable MERCHANT = address(0xbea9);
    address private immutable TILL = address(0x7111);

    uint256[2] public programs;
    address[ACTORS] private _actors;
    uint256 public epoch = 4;
    mapping(uint256 program => uint256 epochs) private _validity;
    mapping(uint256 program => mapping(address actor => LotsModel.Lots lots)) private _lots;
    mapping(uint256 program => mapping(address actor => uint256 points)) public qualifying;
    mapping(uint256 program => mapping(address actor => uint256 points)) public hubEvents;
    mapping(uint256 program => mapping(address actor => uint256 points)) public tokenEvents;
    mapping(uint256 program => mapping(uint256 order => uint256 times)) public redemptions;
    uint256 private _nonce;

    /// @dev Attempts that succeeded, by action: a run in which nothing works shows nothing.
    mapping(string action => uint256 count) public successes;

    constructor() {
        vm.warp(1_800_000_000);
        HUB = deployHub(block.timestamp, EPOCH_LENGTH);
        for (uint256 i = 0; i < ACTORS; ++i) {
            _actors[i] = vm.addr(_key(i));
        }
        for (uint256 i = 0; i < 2; ++i) {
            uint40[] memory tiers = new uint40[](2);
            (tiers[0], tiers[1]) = (1000, 2 ** 40 - 1);
            vm.prank(MERCHANT);
            programs[i] = HUB.createProgram(
                ProgramConfig({
                    name: "Bean",
                    symbol: "BEAN",
                    validity: uint8(4 - i),
                    cap: 0,
                    hasToken: i == 1,
                    tiers: tiers
                })
            );
            _validity[programs[i]] = 4 - i;
            vm.prank(MERCHANT);
            HUB.setIssuer(programs[i], TILL, type(uint48).max);
        }
    }

    modifier recorded() {
        vm.recordLogs();
        _;
        _readLogs();
    }

    // Actions

    function award(uint256 which, uint256 to, uint256 amount) external recorded {
        (uint256 program, address receiver) = (_program(which), _actor(to));
        amount = _amount(amount);
        bool fits = _supplyEnding(program, epoch + _validity[program]) + amount <= MAX;
        vm.prank(TILL);
        try HUB.award(program, uint48(amount), receiver) {
            _expect("award", fits);
            _book(program, receiver, amount);
        } catch {
            _expectRefused("award refused", fits);
        }
    }

    function awardMany(uint256 which, uint256 seed) external recorded {
        uint256 program = _program(which);
        bytes memory records;
        uint256 sum;
        for (uint256 i = 0; i < seed % 5 + 1; ++i) {
            uint256 amount = _amount(uint256(keccak256(abi.encode(seed, i)))) / 8;
            records = abi.encodePacked(records, _actor(seed >> 8 * i), uint48(amount));
            sum += amount;
        }
        bool fits = _supplyEnding(program, epoch + _validity[program]) + sum <= MAX;
        bytes32 batch = keccak256(abi.encode(seed));
        fits = fits && HUB.batchDigestOf(program, batch) == 0;
        vm.prank(TILL);
        try HUB.awardMany(program, batch, records) {
            _expect("awardMany", fits);
        } catch {
            _expectRefused("awardMany refused", fits);
            return;
        }
        for (uint256 i = 0; i < seed % 5 + 1; ++i) {
            uint256 amount = _amount(uint256(keccak256(abi.encode(seed, i)))) / 8;
            _book(program, _actor(seed >> 8 * i), amount);
        }
    }

    function transfer(uint256 which, uint256 from, uint256 to, uint256 amount, bool atToken)
        external
        recorded
    {
        uint256 program = _program(which);
        (address sender, address receiver) = (_actor(from), _actor(to));
        uint256 held = _lots[program][sender].alive(epoch);
        amount = _part(amount, held);
        address token = HUB.tokenOf(program);
        bool moved;
        vm.prank(sender);
        if (atToken && token != address(0)) {
            try IPointsToken(token).transfer(receiver, amount) {
                moved = true;
            } catch {}
        } else {
            try HUB.transfer(receiver, program, amount) {
                moved = true;
            } catch {}
        }
        if (!moved) return _expectRefused("transfer refused", amount <= held);
        _expect("transfer", amount <= held);
        _bookMove(program, sender, receiver, amount);
    }

    function transferAtEpoch(
        uint256 which,
        uint256 from,
        uint256 to,
        uint256 amount,
        uint256 issued,
        bool atToken
    ) external recorded {
        uint256 program = _program(which);
        (address sender, address receiver) = (_actor(from), _actor(to));
        issued = epoch - 4 + issued % 6;
        uint256 held = _lots[program][sender].ending(issued + 4);
        bool live = issued <= epoch && issued + 4 > epoch;
        amount = _part(amount, live ? held : 10);
        address token = HUB.tokenOf(program);
        bool moved;
        vm.prank(sender);
        if (atToken && token != address(0)) {
            try IPointsToken(token).transferAtEpoch(issued, receiver, amount) {
                moved = true;
            } catch {}
        } else {
            try HUB.transferAtEpoch(issued, receiver, program, amount) {
                moved = true;
            } catch {}
        }
        bool allowed = live && amount <= held;
        if (!moved) return _expectRefused("transferAtEpoch refused", allowed);
        _expect("transferAtEpoch", allowed);
        _touch(program, sender);
        _touch(program, receiver);
        _lots[program][sender].take(amount, issued + 4);
        _lots[program][receiver].add(amount, issued + 4);
    }

    function transferFrom(uint256 which, uint256 from, uint256 amount, uint256 approved, bool asOp)
        external
        recorded
    {
        uint256 program = _program(which);
        address sender = _actor(from);
        address spender = _actor(_next(from));
        uint256 held = _lots[program][sender].alive(epoch);
        amount = _part(amount, held);
        approved = _part(approved, amount);
        vm.prank(sender);
        HUB.approve(spender, program, approved);
        vm.prank(sender);
        HUB.setOperator(spender, asOp);
        bool allowed = asOp || amount <= approved;
        vm.prank(spender);
        try HUB.transferFrom(sender, spender, program, amount) {
            _expect("transferFrom", allowed && amount <= held);
            _bookMove(program, sender, spender, amount);
        } catch {
            _expectRefused("transferFrom refused", allowed && amount <= held);
        }
        vm.prank(sender);
        HUB.setOperator(spender, false);
        vm.prank(sender);
        HUB.approve(spender, program, 0);
    }

    function redeem(uint256 which, uint256 from, uint256 amount) external recorded {
        (uint256 program, address holder) = (_program(which), _actor(from));
        uint256 held = _lots[program][holder].alive(epoch);
        amount = _part(amount, held);
        vm.prank(holder);
        try HUB.redeem(program, amount) {
            _expect("redeem", amount <= held);
            _bookRedemption(program, holder, amount);
        } catch {
            _expectRefused("redeem refused", amount <= held);
        }
    }

    function redeemMany(uint256 which, uint256 seed) external recorded {
        uint256 program = _program(which);
        bytes memory packed;
        uint256 expected;
        for (uint256 i = 0; i < seed % 4 + 1; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            address holder = _actor(dice);
            uint256 held = _lots[program][holder].alive(epoch);
            RedeemIntent memory intent = RedeemIntent({
                program: program,
                merchant: program,
                termsHash: 0,
                from: holder,
                points: uint48(_part(dice >> 16, held)),
                orderId: uint48(dice >> 100) % 40,
                deadline: uint40(block.timestamp - (dice >> 150) % 8 / 7)
            });
            // One of eight is signed by somebody else.
            uint256 key = _key((dice >> 180) % 8 == 0 ? _next(dice) : dice);
            bytes memory signature = _sign(key, redeemHash(intent));
            packed = abi.encodePacked(
                packed,
                holder,
                intent.points,
                intent.orderId,
                intent.deadline,
                uint16(signature.length),
                signature
            );
            if (
                key != _key(dice) || intent.deadline < block.timestamp
                    || redemptions[program][intent.orderId] != 0
            ) continue;
            // An intent that gets as far as the balance rolls the account.
            _touch(program, holder);
            if (intent.points > held) continue;
            ++expected;
            ++redemptions[program][intent.orderId];
            _bookRedemption(program, holder, intent.points);
        }
        RedeemTerms memory terms = RedeemTerms(program, program, 0);
        vm.prank(TILL);
        assertEqual("redeemMany", HUB.redeemMany(terms, packed), expected);
        if (expected != 0) ++successes["redeemMany"];
    }

    function transferBySig(uint256 which, uint256 from, uint256 to, uint256 amount, bool forged)
        external
        recorded
    {
        uint256 program = _program(which);
        address holder = _actor(from);
        uint256 held = _lots[program][holder].alive(epoch);
        TransferIntent memory intent = TransferIntent({
            program: program,
            from: holder,
            to: _actor(to),
            points: uint48(_part(amount, held)),
            nonce: _nonce++ / 2,
            deadline: uint40(block.timestamp)
        });
        bytes memory signature = _sign(_key(forged ? _next(from) : from), transferHash(intent));
        bool allowed = !forged && intent.points <= held && !HUB.isNonceUsed(holder, intent.nonce);
        try HUB.transferBySig(intent, signature) {
            _expect("transferBySig", allowed);
            _bookMove(program, holder, intent.to, intent.points);
        } catch {
            _expectRefused("transferBySig refused", allowed);
        }
    }

    /// @dev Nobody takes points without a right to them.
    function steal(uint256 which, uint256 from, uint256 thief, uint256 amount) external {
        uint256 program = _program(which);
        address holder = _actor(from);
        amount = amount % 100 + 1;
        address[4] memory thieves = [MERCHANT, TILL, HUB.tokenOf(programs[1]), _actor(_next(from))];
        address by = thieves[thief % 4];
        vm.prank(by);
        try HUB.transferFrom(holder, by, program, amount) {
            _expect("stolen by transferFrom", false);
        } catch {}
        if (by == HUB.tokenOf(program)) return;
        vm.prank(by);
        try HUB.tokenTransfer(program, holder, by, amount) {
            _expect("stolen by tokenTransfer", false);
        } catch {}
        vm.prank(by);
        try HUB.tokenTransferAtEpoch(program, epoch, holder, by, 0) {
            _expect("stolen by tokenTransferAtEpoch", false);
        } catch {}
        if (HUB.tokenOf(program) == address(0)) return;
        IPointsToken token = IPointsToken(HUB.tokenOf(program));
        vm.prank(by);
        try token.transferFrom(holder, by, amount) {
            _expect("stolen by the face", false);
        } catch {}
        vm.prank(by);
        try token.emitTransfer(holder, by, amount) {
            _expect("told a lie", false);
        } catch {}
    }

    function pass(uint256 epochs) external {
        epoch += epochs % 16 == 15 ? 30 : epochs % 3;
        vm.warp(HUB.GENESIS() + (epoch - 4) * EPOCH_LENGTH + epochs % EPOCH_LENGTH);
        ++successes["pass"];
    }

    function setValidity(uint256 which, uint256 epochs) external {
        uint256 program = _program(which);
        _validity[program] = epochs % 4 + 1;
        vm.prank(MERCHANT);
        HUB.setValidity(program, uint8(_validity[program]));
        ++successes["setValidity"];
    }

    /// @dev Writes every account, so that whatever expired is on record.
    function touchAll() external recorded {
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 actor = 0; actor < ACTORS; ++actor) {
                vm.prank(_actor(actor));
                HUB.transfer(_actor(actor), programs[i], 0);
                _touch(programs[i], _actor(actor));
            }
        }
    }

    // What the books say

    function actorAt(uint256 index) external view returns (address) {
        return _actor(index);
    }

    function ending(uint256 program, address actor, uint256 end) external view returns (uint256) {
        return _lots[program][actor].ending(end);
    }

    function alive(uint256 program, address actor) external view returns (uint256) {
        return _lots[program][actor].alive(epoch);
    }

    function onRecord(uint256 program, address actor) external view returns (uint256) {
        return _lots[program][actor].all();
    }

    // Books

    function _book(uint256 program, address actor, uint256 amount) private {
        _touch(program, actor);
        _lots[program][actor].add(amount, epoch + _validity[program]);
        uint256 sum = qualifying[program][actor] + amount;
        qualifying[program][actor] = sum < 2 ** 40 ? sum : 2 ** 40 - 1;
    }

    function _bookMove(uint256 program, address from, address to, uint256 amount) private {
        _touch(program, from);
        _touch(program, to);
        LotsModel.Lot[] memory taken = _lots[program][from].takeOldest(amount, epoch);
        for (uint256 i = 0; i < taken.length; ++i) {
            _lots[program][to].add(taken[i].amount, taken[i].end);
        }
    }

    function _bookRedemption(uint256 program, address holder, uint256 amount) private {
        _touch(program, holder);
        _lots[program][holder].takeOldest(amount, epoch);
    }

    function _touch(uint256 program, address actor) private {
        _lots[program][actor].expire(epoch);
    }

    function _expect(string memory action, bool allowed) private {
        assertEqual(action, allowed ? 1 : 0, 1);
        ++successes[action];
    }

    /// @dev As `_expect`, after a revert. forge records what reverted calls emitted, too: forget
    /// it.
    function _expectRefused(string memory action, bool allowed) private {
        vm.getRecordedLogs();
        _expect(action, !allowed);
    }

    /// @dev Adds up what hub and faces say in events.
    function _readLogs() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            Vm.Log memory entry = logs[i];
            if (
                entry.emitter == address(HUB)
                    && entry.topics[0]
                        == keccak256("Transfer(address,address,address,uint256,uint256)")
            ) {
                uint256 program = uint256(entry.topics[3]);
                (, uint256 amount) = abi.decode(entry.data, (address, uint256));
                hubEvents[
                    program
                ][address(uint160(uint256(entry.topics[1])))] -= _paid(entry.topics[1], amount);
                hubEvents[program][address(uint160(uint256(entry.topics[2])))] += amount;
            } else if (
                entry.emitter == HUB.tokenOf(programs[1])
                    && entry.topics[0] == keccak256("Transfer(address,address,uint256)")
            ) {
                uint256 amount = abi.decode(entry.data, (uint256));
                tokenEvents[
                    programs[1]
                ][address(uint160(uint256(entry.topics[1])))] -= _paid(entry.topics[1], amount);
                tokenEvents[programs[1]][address(uint160(uint256(entry.topics[2])))] += amount;
            }
        }
    }

    /// @dev The zero address pays for awards without having anything.
    function _paid(bytes32 payer, uint256 amount) private pure returns (uint256) {
        return payer == 0 ? 0 : amount;
    }

    // Choices

    function _program(uint256 which) private view returns (uint256) {
        return programs[which % 2];
    }

    function _key(uint256 index) private pure returns (uint256) {
        return index % ACTORS + 1001;
    }

    function _actor(uint256 index) private view returns (address) {
        return _actors[index % ACTORS];
    }

    /// @dev Somebody else.
    function _next(uint256 index) private pure returns (uint256) {
        return index % ACTORS + 1;
    }

    /// @dev Mostly small amounts, some near the brim of a lane.
    function _amount(uint256 seed) private pure returns (uint256) {
        if (seed % 16 == 0) return MAX - seed / 16 % 100;
        return seed % (2 ** 30 >> seed % 31);
    }

    /// @dev Mostly a part of `held`, sometimes all, sometimes one more.
    function _part(uint256 seed, uint256 held) private pure returns (uint256) {
        if (seed % 8 == 0) return held;
        if (seed % 8 == 1) return held + 1;
        return held == 0 ? 0 : seed / 8 % held;
    }

    function _sign(uint256 key, bytes32 structHash) private view returns (bytes memory) {
        return signIntent(key, domainSeparator(block.chainid, address(HUB)), structHash);
    }

    function _supplyEnding(uint256 program, uint256 end) private view returns (uint256 sum) {
        for (uint256 actor = 0; actor < ACTORS; ++actor) {
            sum += _lots[program][_actor(actor)].ending(end);
        }
    }
}
