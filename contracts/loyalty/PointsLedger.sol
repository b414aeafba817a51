// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC6909, IERC6909TokenSupply} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IPointsHub, Statement} from "./IPointsHub.sol";
import {IPointsReturns} from "./IPointsReturns.sol";
import {IPointsToken} from "./IPointsToken.sol";
import {PointsPrograms} from "./PointsPrograms.sol";
import {AccountStanding} from "./types/AccountStanding.sol";
import {EpochRing, EpochRingLibrary} from "./types/EpochRing.sol";
import {ProgramSettings} from "./types/ProgramSettings.sol";

/// @title Who holds how many points of which age
/// @dev ERC-6909 with one storage word per program and account. Internal names follow OpenZeppelin.
/// Nothing here calls a stranger: the only callee is the program's own face, which emits an event.
abstract contract PointsLedger is PointsPrograms, IPointsReturns {
    /// @dev A struct, so that a storage pointer spares hashing the slot's place twice.
    struct AccountRecord {
        EpochRing ring;
    }

    mapping(uint256 program => mapping(address account => AccountRecord record)) internal _accounts;

    /// @inheritdoc IPointsReturns
    mapping(uint256 program => mapping(address account => uint256 points)) public debtOf;
    /// @inheritdoc IERC6909
    mapping(address owner => mapping(address spender => bool approved)) public isOperator;
    /// @inheritdoc IERC6909
    mapping(
        address owner => mapping(address spender => mapping(uint256 program => uint256 points))
    ) public allowance;

    /// @inheritdoc IERC6909
    function transfer(address receiver, uint256 program, uint256 points) external returns (bool) {
        _transfer(msg.sender, receiver, program, points);
        return true;
    }

    /// @inheritdoc IERC6909
    function transferFrom(address sender, address receiver, uint256 program, uint256 points)
        external
        returns (bool)
    {
        if (sender != msg.sender && !isOperator[sender][msg.sender]) {
            _spendAllowance(sender, msg.sender, program, points);
        }
        _transfer(sender, receiver, program, points);
        return true;
    }

    /// @inheritdoc IPointsHub
    function transferAtEpoch(uint256 issued, address receiver, uint256 program, uint256 points)
        external
    {
        _moveAtEpoch(issued, msg.sender, receiver, program, points);
        _emitTransfer(msg.sender, receiver, program, points);
    }

    /// @inheritdoc IPointsHub
    function tokenTransfer(uint256 program, address from, address to, uint256 points) external {
        _requireToken(program);
        _move(from, to, program, points);
        _logTransfer(from, to, program, points);
    }

    /// @inheritdoc IPointsHub
    function tokenTransferAtEpoch(
        uint256 program,
        uint256 issued,
        address from,
        address to,
        uint256 points
    ) external {
        _requireToken(program);
        _moveAtEpoch(issued, from, to, program, points);
        _logTransfer(from, to, program, points);
    }

    /// @inheritdoc IERC6909
    function approve(address spender, uint256 program, uint256 points) external returns (bool) {
        _approve(msg.sender, spender, program, points);
        return true;
    }

    /// @inheritdoc IERC6909
    function setOperator(address spender, bool approved) external returns (bool) {
        _setOperator(msg.sender, spender, approved);
        return true;
    }

    /// @inheritdoc IERC6909
    function balanceOf(address account, uint256 program) external view returns (uint256) {
        return EpochRingLibrary.total(_accountNow(program, account).lanes());
    }

    /// @inheritdoc IPointsHub
    function balanceOfAtEpoch(uint256 program, uint256 issued, address account)
        external
        view
        returns (uint256)
    {
        uint256 epoch = currentEpoch();
        if (issued > epoch || epoch - issued >= EpochRingLibrary.LANE_COUNT) return 0;
        return _accountNow(program, account).unpack()[epoch - issued];
    }

    /// @inheritdoc IPointsHub
    function statementOf(uint256 program, address account)
        external
        view
        returns (Statement memory)
    {
        EpochRing ring = _accountNow(program, account);
        return Statement({
            byAge: ring.unpack(),
            qualifying: uint40(AccountStanding.qualifying(ring)),
            tier: uint8(AccountStanding.tier(ring)),
            epoch: uint16(ring.epoch())
        });
    }

    /// @inheritdoc IERC6909TokenSupply
    function totalSupply(uint256 program) external view returns (uint256) {
        return EpochRingLibrary.total(_supplyAt(program, currentEpoch()).lanes());
    }

    /// @inheritdoc IPointsHub
    function liabilityOf(uint256 program) external view returns (uint256[4] memory) {
        return _supplyAt(program, currentEpoch()).unpack();
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC6909).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    function _transfer(address sender, address receiver, uint256 program, uint256 points) internal {
        if (sender == address(0)) revert ERC6909InvalidSender(address(0));
        _move(sender, receiver, program, points);
        _emitTransfer(sender, receiver, program, points);
    }

    /// @dev New points, in the lane of the program's validity.
    function _mint(address receiver, uint256 program, uint256 points) internal {
        ProgramRecord storage record = _programs[program];
        EpochRing supply = _roll(record.supply, currentEpoch());
        _mintAt(receiver, program, record, supply, points, ProgramSettings.lane(supply, points));
    }

    /// @dev New points, in a lane of the caller's choice.
    /// @param supply The program's ring, rolled to the present.
    /// @param amounts `points` in their lane.
    function _mintAt(
        address receiver,
        uint256 program,
        ProgramRecord storage record,
        EpochRing supply,
        uint256 points,
        uint256 amounts
    ) internal {
        (points, amounts) = _credit(_accounts[program], program, supply, receiver, points, amounts);
        _storeSupply(record, program, supply.plus(amounts));
        _emitTransfer(address(0), receiver, program, points);
    }

    /// @dev Points of `sender`, oldest first, leave the ledger.
    function _burn(address sender, uint256 program, uint256 points)
        internal
        returns (uint256 amounts)
    {
        uint256 epoch = currentEpoch();
        uint256 missing;
        (amounts, missing) = _debit(_accounts[program], program, sender, points, epoch);
        if (missing != 0) {
            revert ERC6909InsufficientBalance(sender, points - missing, points, program);
        }
        ProgramRecord storage record = _programs[program];
        record.supply = _roll(record.supply, epoch).minus(amounts);
        _emitTransfer(sender, address(0), program, points);
    }

    /// @dev Points that were another program's, each in the lane it had there.
    function _mintLanes(address receiver, uint256 program, uint256 amounts, uint256 points)
        internal
    {
        uint256 epoch = currentEpoch();
        _receive(_accounts[program], program, receiver, amounts, epoch);
        ProgramRecord storage record = _programs[program];
        _storeSupply(record, program, _roll(record.supply, epoch).plus(amounts));
        _emitTransfer(address(0), receiver, program, points);
    }

    /// @dev Adds new points to an account's ring, raises its tier, and nets what it owes.
    /// @param supply The program's ring, rolled to the present.
    /// @param amounts `points` in their lane.
    /// @return credited Units that reached the account, and the same in their lane.
    function _credit(
        mapping(address account => AccountRecord record) storage accounts,
        uint256 program,
        EpochRing supply,
        address account,
        uint256 points,
        uint256 amounts
    ) internal returns (uint256 credited, uint256 lanes) {
        if (account == address(0)) revert ERC6909InvalidReceiver(address(0));
        AccountRecord storage record = accounts[account];
        EpochRing ring = record.ring;
        if (ring.epoch() != supply.epoch()) ring = _expire(record, program, account, ring);
        uint256 qualifying;
        unchecked {
            qualifying = AccountStanding.qualifying(ring) + points;
        }
        if (ProgramSettings.nearsTier(supply, qualifying)) {
            ring = _raiseTier(program, account, ring, qualifying);
        }
        ring = AccountStanding.withQualifying(ring, qualifying);
        (credited, lanes) = (points, amounts);
        if (AccountStanding.hasDebt(ring)) {
            (ring, credited) = _payDebt(program, account, ring, points);
            // One lane holds them all, so this is a shift, without a remainder.
            // slither-disable-next-line divide-before-multiply
            lanes = points == 0 ? 0 : amounts / points * credited;
        }
        record.ring = ring.plus(lanes);
    }

    /// @dev Takes `points` from the oldest lanes, or nothing at all if some are missing.
    function _debit(
        mapping(address account => AccountRecord record) storage accounts,
        uint256 program,
        address account,
        uint256 points,
        uint256 epoch
    ) internal returns (uint256 amounts, uint256 missing) {
        AccountRecord storage record = accounts[account];
        EpochRing ring = record.ring;
        if (ring.epoch() != epoch) ring = _expire(record, program, account, ring);
        (amounts, missing) = ring.oldest(points);
        if (missing == 0) record.ring = ring.minus(amounts);
    }

    function _storeSupply(ProgramRecord storage record, uint256 program, EpochRing supply)
        internal
    {
        if (ProgramSettings.nearsCap(supply)) {
            _requireCap(program, EpochRingLibrary.total(supply.lanes()));
        }
        record.supply = supply;
    }

    function _emitTransfer(address from, address to, uint256 program, uint256 points) internal {
        _logTransfer(from, to, program, points);
        // The face is code of this hub's own factory that emits an event and calls nobody.
        // slither-disable-next-line reentrancy-no-eth,reentrancy-benign,calls-loop
        if (program & 1 != 0) IPointsToken(tokenOf(program)).emitTransfer(from, to, points);
    }

    function _approve(address owner, address spender, uint256 program, uint256 points) internal {
        if (owner == address(0)) revert ERC6909InvalidApprover(address(0));
        if (spender == address(0)) revert ERC6909InvalidSpender(address(0));

        allowance[owner][spender][program] = points;

        emit Approval(owner, spender, program, points);
    }

    function _setOperator(address owner, address spender, bool approved) internal {
        if (owner == address(0)) revert ERC6909InvalidApprover(address(0));
        if (spender == address(0)) revert ERC6909InvalidSpender(address(0));

        isOperator[owner][spender] = approved;

        emit OperatorSet(owner, spender, approved);
    }

    /// @dev An allowance of 2^256 - 1 is infinite and is not written.
    function _spendAllowance(address owner, address spender, uint256 program, uint256 points)
        internal
    {
        uint256 current = allowance[owner][spender][program];
        if (current == type(uint256).max) return;
        if (current < points) {
            revert ERC6909InsufficientAllowance(spender, current, points, program);
        }
        unchecked {
            allowance[owner][spender][program] = current - points;
        }
    }

    /// @dev A program's ring at the present; its coupon key's budget starts anew with each epoch.
    function _roll(EpochRing supply, uint256 epoch) internal pure returns (EpochRing rolled) {
        if (supply.epoch() == epoch) return supply;
        (rolled,) = supply.rollTo(epoch);
        return ProgramSettings.withCouponPoints(rolled, 0);
    }

    function _supplyAt(uint256 program, uint256 epoch) internal view returns (EpochRing supply) {
        supply = _roll(_programs[program].supply, epoch);
    }

    /// @dev The oldest points go first; all keep their age.
    function _move(address from, address to, uint256 program, uint256 points) private {
        if (to == address(0)) revert ERC6909InvalidReceiver(address(0));
        uint256 epoch = currentEpoch();
        mapping(address account => AccountRecord record) storage accounts = _accounts[program];
        (uint256 amounts, uint256 missing) = _debit(accounts, program, from, points, epoch);
        if (missing != 0) {
            revert ERC6909InsufficientBalance(from, points - missing, points, program);
        }
        _receive(accounts, program, to, amounts, epoch);
    }

    /// @dev As `_move`, from the lane of one epoch.
    function _moveAtEpoch(uint256 issued, address from, address to, uint256 program, uint256 points)
        private
    {
        if (to == address(0)) revert ERC6909InvalidReceiver(address(0));
        uint256 epoch = currentEpoch();
        uint256 shift = EpochRingLibrary.laneShift(issued, epoch);
        mapping(address account => AccountRecord record) storage accounts = _accounts[program];
        AccountRecord storage record = accounts[from];
        EpochRing ring = record.ring;
        if (ring.epoch() != epoch) ring = _expire(record, program, from, ring);
        uint256 held = ring.lanes() >> shift & EpochRingLibrary.LANE_MASK;
        if (held < points) revert ERC6909InsufficientBalance(from, held, points, program);

        record.ring = ring.minus(points << shift);
        _receive(accounts, program, to, points << shift, epoch);
    }

    function _receive(
        mapping(address account => AccountRecord record) storage accounts,
        uint256 program,
        address account,
        uint256 amounts,
        uint256 epoch
    ) internal {
        AccountRecord storage record = accounts[account];
        EpochRing ring = record.ring;
        if (ring.epoch() != epoch) ring = _expire(record, program, account, ring);
        record.ring = ring.plus(amounts);
    }

    /// @dev Nets an award by what the account owes the program.
    function _payDebt(uint256 program, address account, EpochRing ring, uint256 points)
        private
        returns (EpochRing, uint256 credited)
    {
        uint256 owed = debtOf[program][account];
        uint256 paid = Math.min(owed, points);
        debtOf[program][account] = owed - paid;

        emit DebtPaid(program, account, paid);
        return (AccountStanding.withDebt(ring, owed != paid), points - paid);
    }

    /// @dev Gives back points that were spent, less what is owed; of those, the oldest go first.
    /// @param live The points in their lanes, at the present epoch.
    /// @return lanes What reached the account.
    function _restore(uint256 program, address account, EpochRing live)
        internal
        returns (uint256 lanes)
    {
        AccountRecord storage record = _accounts[program][account];
        EpochRing ring = record.ring;
        lanes = live.lanes();
        if (ring.epoch() != live.epoch()) ring = _expire(record, program, account, ring);
        if (AccountStanding.hasDebt(ring)) {
            uint256 points = EpochRingLibrary.total(lanes);
            uint256 credited;
            (ring, credited) = _payDebt(program, account, ring, points);
            (uint256 paid,) = live.oldest(points - credited);
            lanes -= paid;
        }
        record.ring = ring.plus(lanes);
    }

    /// @dev Takes back points of an award: what is left in their lane, the rest as a debt. They no
    /// longer count towards a tier.
    /// @return taken Units that the account still held.
    function _takeBack(
        uint256 program,
        address account,
        uint256 shift,
        uint256 points,
        uint256 epoch
    ) internal returns (uint256 taken) {
        AccountRecord storage record = _accounts[program][account];
        EpochRing ring = record.ring;
        if (ring.epoch() != epoch) ring = _expire(record, program, account, ring);
        taken = Math.min(points, ring.lanes() >> shift & EpochRingLibrary.LANE_MASK);
        ring = _lowerStanding(program, account, ring.minus(taken << shift), points);
        if (taken < points) {
            debtOf[program][account] += points - taken;
            ring = AccountStanding.withDebt(ring, true);
        }
        record.ring = ring;
    }

    /// @dev A tier falls only if the points that are taken back held it by today's thresholds.
    function _lowerStanding(uint256 program, address account, EpochRing ring, uint256 points)
        private
        returns (EpochRing)
    {
        uint256 before = AccountStanding.qualifying(ring);
        uint256 qualifying = Math.saturatingSub(before, points);
        ring = AccountStanding.withQualifying(ring, qualifying);
        uint256 tier = _tierAt(program, qualifying);
        if (tier >= AccountStanding.tier(ring) || tier == _tierAt(program, before)) return ring;

        emit TierLowered(program, account, uint8(tier));
        return AccountStanding.withTier(ring, tier);
    }

    function _raiseTier(uint256 program, address account, EpochRing ring, uint256 qualifying)
        private
        returns (EpochRing)
    {
        uint256 tier = _tierAt(program, qualifying);
        if (tier <= AccountStanding.tier(ring)) return ring;

        emit TierRaised(program, account, uint8(tier));
        return AccountStanding.withTier(ring, tier);
    }

    /// @dev Brings the account's ring to the present. What expired on the way leaves the ledger
    /// here, by an event, so that events always add up to what storage holds.
    function _expire(AccountRecord storage record, uint256 program, address account, EpochRing ring)
        private
        returns (EpochRing rolled)
    {
        uint256 expired;
        (rolled, expired) = ring.rollTo(currentEpoch());
        if (expired == 0) return rolled;
        record.ring = rolled;
        _emitTransfer(account, address(0), program, EpochRingLibrary.total(expired));
    }

    function _accountNow(uint256 program, address account) internal view returns (EpochRing ring) {
        (ring,) = _accounts[program][account].ring.rollTo(currentEpoch());
    }

    /// @dev ERC-6909's `Transfer(caller, from, to, id, amount)`, from scratch memory.
    function _logTransfer(address from, address to, uint256 program, uint256 points) private {
        bytes32 topic = Transfer.selector;
        assembly ("memory-safe") {
            mstore(0, caller())
            mstore(32, points)
            log4(0, 64, topic, from, to, program)
        }
    }

    function _requireToken(uint256 program) private view {
        if (program & 1 == 0 || msg.sender != tokenOf(program)) {
            revert ProgramTokenOnly(program, msg.sender);
        }
    }
}
