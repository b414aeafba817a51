// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClearingHouse} from "../../contracts/loyalty/ClearingHouse.sol";
import {Statement} from "../../contracts/loyalty/IPointsHub.sol";
import {CoinMock} from "../../contracts/mocks/CoinMock.sol";
import {Dice} from "./Dice.sol";
import {domainSeparator, signIntent} from "./Intents.sol";
import {IWholeHub, PointsNetworkBooks} from "./PointsNetworkBooks.sol";
import {Vm, deployHub, vm} from "./Vm.sol";

/// @title What every action is watched for
/// @notice Looks at the contracts before and after each action, without the model, and notes what
/// should not have happened under the number of the invariant that it breaks.
abstract contract PointsNetworkWatch is PointsNetworkBooks {
    uint256 internal constant CELLS = PROGRAMS * HOLDERS;
    /// @dev Number of the violation that is a disagreement between contracts and books.
    uint256 internal constant MODEL = 0;

    /// @dev What the contracts say. `obligations`, in 10^-8 of the coin: points outstanding at
    /// their off-ramp price and what is owed, less what others owe and what is deposited. `worth`,
    /// in
    /// 10^-6: deposit and what others owe, less what is owed.
    struct Snapshot {
        uint256[CELLS] balances;
        uint256[CELLS] qualifying;
        int256[PROGRAMS] obligations;
        int256[PROGRAMS] worth;
    }

    IWholeHub public immutable HUB;
    ClearingHouse public immutable CLEARING;
    CoinMock internal immutable COIN;

    /// @dev Attempts that succeeded, by action, and those that were refused as they should.
    mapping(string action => uint256 count) public successes;
    mapping(string action => uint256 count) public refusals;
    /// @dev What broke an invariant first, by its number.
    mapping(uint256 invariant => string what) public violations;

    mapping(uint256 program => mapping(address holder => uint256 points)) public hubEvents;
    mapping(uint256 program => mapping(address holder => uint256 points)) public tokenEvents;

    uint256 internal _step;
    mapping(uint256 program => mapping(address holder => uint256 step)) private _consentedAt;
    mapping(uint256 program => mapping(address holder => uint256 step)) private _qualifyAt;
    mapping(uint256 program => mapping(uint256 step => uint256 obligations)) private _growth;
    mapping(uint256 program => uint256 step) private _paysFullAt;
    bool internal _isSettling;

    modifier watched() {
        ++_step;
        _isSettling = false;
        Snapshot memory before = _snapshot();
        vm.recordLogs();
        _;
        _compare(before, _snapshot());
    }

    constructor() {
        vm.warp(GENESIS);
        COIN = CoinMock(vm.deployCode("CoinMock.sol:CoinMock", abi.encode(uint8(6))));
        HUB = IWholeHub(address(deployHub(GENESIS, EPOCH_LENGTH, address(COIN))));
        CLEARING = HUB.CLEARING_HOUSE();
        for (uint256 i = 0; i < HOLDERS; ++i) {
            holders[i] = vm.addr(_holderKey(i));
        }
    }

    /// @dev The holder agreed to what the action does, or a claw-back permits it.
    function _consent(uint256 program, address holder) internal {
        _consentedAt[program][holder] = _step;
    }

    function _mayQualify(uint256 program, address holder) internal {
        _qualifyAt[program][holder] = _step;
    }

    /// @dev The action may add that much, in 10^-8 of the coin, to what the program has to meet.
    function _mayGrow(uint256 program, uint256 obligations) internal {
        _growth[program][_step] += obligations;
    }

    /// @dev The action posts once, rounded up, what the program's points were worth.
    function _mayPost(uint256 program) internal {
        _mayGrow(program, 99);
        _paysFullAt[program] = _step;
    }

    function _mayGrowByPoints(uint256 program, uint256 points) internal {
        _mayGrow(program, points * pricesAt(program).offRamp);
    }

    function _violate(uint256 invariant, string memory what) internal {
        if (bytes(violations[invariant]).length == 0) violations[invariant] = what;
    }

    function _agree(string memory what, uint256 actual, uint256 expected) internal {
        if (actual != expected) _violate(MODEL, what);
    }

    function _expect(string memory action, bool allowed) internal {
        if (!allowed) _violate(MODEL, string.concat(action, " was carried out"));
        ++successes[action];
        _readLogs();
    }

    /// @dev As `_expect`, after a revert. forge records what reverted calls emitted, too: forget
    /// it.
    function _expectRefused(string memory action, bool allowed) internal {
        vm.getRecordedLogs();
        if (allowed) _violate(MODEL, string.concat(action, " was refused"));
        ++refusals[action];
    }

    function _snapshot() private view returns (Snapshot memory snapshot) {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            uint256 program = programs[i];
            for (uint256 h = 0; h < HOLDERS; ++h) {
                uint256 cell = i * HOLDERS + h;
                Statement memory statement = HUB.statementOf(program, holders[h]);
                for (uint256 age = 0; age < 4; ++age) {
                    snapshot.balances[cell] += statement.byAge[age];
                }
                snapshot.qualifying[cell] = statement.qualifying;
            }
            int256 worth = int256(CLEARING.depositOf(program));
            for (uint256 j = 0; j < PROGRAMS; ++j) {
                if (i == j) continue;
                (uint256 owes,) = HUB.positionOf(program, programs[j]);
                (uint256 isOwed,) = HUB.positionOf(programs[j], program);
                worth += int256(isOwed) - int256(owes);
            }
            snapshot.worth[i] = worth;
            uint256 promised = HUB.totalSupply(program) * HUB.pricesOf(program).offRamp;
            snapshot.obligations[i] = int256(promised) - 100 * worth;
        }
    }

    function _compare(Snapshot memory before, Snapshot memory afterwards) private {
        for (uint256 cell = 0; cell < CELLS; ++cell) {
            (uint256 program, address holder) = (programs[cell / HOLDERS], holders[cell % HOLDERS]);
            if (
                afterwards.balances[cell] < before.balances[cell]
                    && _consentedAt[program][holder] != _step
            ) _violate(13, "a balance fell without its holder's consent");
            if (
                afterwards.qualifying[cell] != before.qualifying[cell]
                    && _qualifyAt[program][holder] != _step
            ) _violate(9, "qualifying points changed without an award or a reversal");
        }
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            int256 grown = afterwards.obligations[i] - before.obligations[i];
            if (grown > int256(_growth[programs[i]][_step])) {
                _violate(4, "obligations grew by more than awards and rounding");
            }
            if (grown < 0 && _paysFullAt[programs[i]] == _step) {
                _violate(4, "a posting fell short of what the points were worth");
            }
            if (_isSettling && afterwards.worth[i] != before.worth[i]) {
                _violate(6, "a settlement changed a member's worth");
            }
        }
    }

    /// @dev Adds up what hub and face say in events.
    function _readLogs() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            Vm.Log memory entry = logs[i];
            if (
                entry.emitter == address(HUB)
                    && entry.topics[0]
                        == keccak256("Transfer(address,address,address,uint256,uint256)")
            ) {
                (, uint256 points) = abi.decode(entry.data, (address, uint256));
                _addUp(hubEvents[uint256(entry.topics[3])], entry.topics, points);
            } else if (entry.topics[0] == keccak256("Transfer(address,address,uint256)")) {
                if (entry.emitter == address(COIN)) continue;
                uint256 program = programs[1];
                if (entry.emitter != HUB.tokenOf(program)) _violate(10, "a stranger's face");
                _addUp(tokenEvents[program], entry.topics, abi.decode(entry.data, (uint256)));
            }
        }
    }

    /// @dev The zero address pays for awards without having anything.
    function _addUp(
        mapping(address holder => uint256 points) storage sums,
        bytes32[] memory topics,
        uint256 points
    ) private {
        if (topics[1] != 0) {
            sums[address(uint160(uint256(topics[1])))] -= points;
        }
        sums[address(uint160(uint256(topics[2])))] += points;
    }

    // Choices

    function _program(Dice memory dice) internal view returns (uint256) {
        return programs[dice.below(PROGRAMS)];
    }

    /// @dev Another program; one time in sixteen the same, and in thirty-two none that exists.
    function _other(Dice memory dice, uint256 program) internal view returns (uint256 other) {
        uint256 mode = dice.below(32);
        if (mode == 0) return 2 * PROGRAMS + 2;
        if (mode < 3) return program;
        do {
            other = _program(dice);
        } while (other == program);
    }

    function _actor(Dice memory dice) internal view returns (address) {
        return holders[dice.below(ACTORS)];
    }

    function _holderKey(uint256 index) internal pure returns (uint256) {
        return 1001 + index;
    }

    function _owner(uint256 program) internal pure returns (address) {
        return address(uint160(0xbea900 + program));
    }

    function _till(uint256 program) internal pure returns (address) {
        return address(uint160(0x711100 + program));
    }

    /// @dev Points to award: all magnitudes, very seldom one near the brim of a lane.
    function _amount(Dice memory dice) internal pure returns (uint256) {
        if (dice.oneIn(48)) return MAX - 2 + dice.below(4);
        return dice.magnitude(6);
    }

    /// @dev A number that counts once: new or used before, about as often.
    function _number(Dice memory dice) internal view returns (uint256) {
        return dice.below(_step / 6 + 8);
    }

    /// @dev Mostly some time later, sometimes a second ago.
    function _deadline(Dice memory dice) internal view returns (uint40) {
        return uint40(dice.oneIn(16) ? time - 1 : time + dice.below(100));
    }

    /// @dev Mostly right; else by the wrong key, for another chain, or for another contract.
    function _sign(Dice memory dice, uint256 key, bytes32 structHash)
        internal
        view
        returns (bytes memory signature, bool isValid)
    {
        uint256 mode = dice.below(16);
        uint256 chainId = mode == 1 ? block.chainid + 1 : block.chainid;
        address hub = mode == 2 ? address(CLEARING) : address(HUB);
        isValid = mode > 2;
        signature = signIntent(mode == 0 ? key + 7 : key, domainSeparator(chainId, hub), structHash);
    }
}
