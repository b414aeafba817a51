// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    BoardChange,
    CaseStatus,
    CuratorApproval,
    Ground
} from "../../contracts/provenance/ICuratorBoard.sol";
import {CuratorBoardBooks, Vote} from "./CuratorBoardBooks.sol";
import {Dice} from "./Dice.sol";
import {vm} from "./Vm.sol";

/// @title Random artists, owners, challengers and curators of a board
/// @notice Every action should succeed exactly if the books allow it, and is then booked; it takes
/// one random number and makes all its choices from it.
contract CuratorBoardHandler is CuratorBoardBooks {
    uint40 private constant ANY_TIME = type(uint40).max;

    function pass(uint256 seed) external {
        Dice memory dice = Dice(seed);
        time += dice.below(dice.oneIn(6) ? PERIOD : PERIOD / 4);
        vm.warp(time);
        ++successes["pass"];
    }

    // The board

    function change(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 coming, uint256 leaving) = (dice.below(2 * ACTORS), dice.below(2 * ACTORS));
        BoardChange memory what;
        what.admitted = _listOf(coming);
        what.dismissed = _listOf(leaving);
        what.epoch = uint32(dice.oneIn(10) ? dice.below(_epoch + 3) : _epoch);
        what.quorum = uint8(dice.oneIn(3) ? dice.below(members + 2) : quorum);
        what.standardsHash = dice.oneIn(25) ? bytes32(seed | 1) : bytes32(0);
        uint256 mask = _signersFrom(dice);
        bool hasTwin = dice.oneIn(8) && mask != 0;
        bool inLists =
            (coming >= ACTORS || !isMember[coming]) && (leaving >= ACTORS || isMember[leaving]);
        uint256 count = members + what.admitted.length - what.dismissed.length;
        bool allowed = what.epoch == _epoch && inLists && what.quorum != 0 && what.quorum <= count
            && !hasTwin && _areMembers(mask) && 2 * _count(mask) > members;
        CuratorApproval[] memory approvals = _approve(
            keccak256(
                "ChangeApproval(BoardChange change,uint40 deadline)BoardChange(address[] admitted,address[] dismissed,uint8 quorum,bytes32 standardsHash,uint32 epoch)"
            ),
            _changeHash(what),
            mask,
            hasTwin,
            ANY_TIME
        );
        bytes memory call = abi.encodeCall(BOARD.change, (what, approvals));
        (bool done,) = _expect("change", address(BOARD), call, dice.below(ACTORS), 0, allowed);
        if (!done) return;
        if (coming < ACTORS) isMember[coming] = true;
        if (leaving < ACTORS) isMember[leaving] = false;
        (members, quorum) = (count, what.quorum);
        ++_epoch;
        if (what.standardsHash != 0) (_version, _since) = (_version + 1, time);
    }

    function admit(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 mask = dice.oneIn(2) ? 0 : _signersFrom(dice);
        uint256 work = mask == 0 ? _upheldFrom(dice) : dice.below(WORKS);
        bool hasTwin = dice.oneIn(8) && mask != 0;
        uint40 deadline = uint40(dice.oneIn(8) ? time - 1 : time);
        uint256 version = _workOf(work).standardsVersion;
        bool inForce = version == _version || version + 1 == _version && time < _since + NOTICE;
        uint256 entry = _submissions[work];
        bool isVoted = entry != 0 && _entries[entry - 1].status == CaseStatus.Upheld;
        bool isSigned = !hasTwin && _areMembers(mask) && mask >> artistOf(work) & 1 == 0
            && _count(mask) >= quorum && deadline == time;
        CuratorApproval[] memory approvals = _approve(
            keccak256(
                "Approval(Artwork artwork,uint40 deadline)Artwork(bytes32 fileKeccak,bytes32 fileSha256,bytes32 cidDigest,uint64 pHash,bytes32 metadataHash,address artist,uint16 royaltyBps,uint8 succession,uint32 standardsVersion,uint40 deadline)"
            ),
            _workHash(work),
            mask,
            hasTwin,
            deadline
        );
        bytes memory call = abi.encodeCall(ARTWORKS.requireAdmitted, (_workOf(work), approvals));
        bool allowed = inForce && (mask == 0 ? isVoted : isSigned);
        string memory action = mask == 0 ? "admitByVote" : "admit";
        _expect(action, address(ARTWORKS), call, 0, 0, allowed);
    }

    // Cases

    function submit(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_isBusy() && !dice.oneIn(8)) return;
        uint256 work = dice.below(WORKS);
        uint256 caller = dice.oneIn(5) ? dice.below(ACTORS) : artistOf(work);
        uint256 value = _bondFrom(dice);
        bool allowed = caller == artistOf(work) && value == BOND && _submissions[work] == 0;
        bytes memory call = abi.encodeCall(BOARD.submit, (_workOf(work)));
        (bool done, bytes memory answer) =
            _expect("submit", address(BOARD), call, caller, value, allowed);
        if (!done) return;
        _open(abi.decode(answer, (bytes32)), TOKENS + work, Ground.Submission, caller);
        _submissions[work] = _entries.length;
    }

    function challenge(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_isBusy() && !dice.oneIn(8)) return;
        (uint256 token, uint256 caller) = (dice.below(TOKENS), dice.below(ACTORS));
        Ground ground = Ground(dice.oneIn(2) ? uint256(Ground.NearDuplicate) : dice.below(6));
        uint256 earlier = dice.oneIn(4) ? dice.below(TOKENS + 1) : token ^ 1;
        uint256 value = _bondFrom(dice);
        bool founded = ground > Ground.Submission
            && (ground != Ground.NearDuplicate || _areNear(token, earlier));
        bool allowed =
            founded && value == BOND && !isRevoked[token] && _openEntries[token][ground] == 0;
        bytes memory call = abi.encodeCall(BOARD.challenge, (token, ground, earlier, bytes32(seed)));
        (bool done, bytes memory answer) =
            _expect("challenge", address(BOARD), call, caller, value, allowed);
        if (!done) return;
        _open(abi.decode(answer, (bytes32)), token, ground, caller);
        _openEntries[token][ground] = _entries.length;
    }

    function defend(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_entries.length == 0) return;
        uint256 number = _entryFrom(dice);
        Entry storage entry = _entries[number];
        uint256 caller = dice.oneIn(3)
            ? dice.below(ACTORS)
            : dice.oneIn(2) ? artistOf(entry.token) : ownerOf(entry.token);
        uint256 value = _bondFrom(dice);
        bool mayDefend = caller == artistOf(entry.token) || caller == ownerOf(entry.token);
        bool allowed = entry.status == CaseStatus.Open && entry.ground != Ground.Submission
            && mayDefend && value == BOND && entry.defender == 0 && time < entry.openedAt + PERIOD;
        bytes memory call = abi.encodeCall(BOARD.defend, (entry.id));
        (bool done,) = _expect("defend", address(BOARD), call, caller, value, allowed);
        if (done) entry.defender = caller + 1;
    }

    function commitVote(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_entries.length == 0) return;
        uint256 number = _entryFrom(dice);
        for (uint256 voters = 1 + dice.below(4); voters != 0; --voters) {
            _commitVote(dice, number, dice.below(ACTORS));
        }
    }

    function revealVote(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_entries.length == 0) return;
        uint256 number = _entryFrom(dice);
        for (uint256 voters = 1 + dice.below(4); voters != 0; --voters) {
            _revealVote(dice, number, dice.below(ACTORS));
        }
    }

    function conclude(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_entries.length == 0) return;
        uint256 number = _entryFrom(dice);
        Entry storage entry = _entries[number];
        bool allowed = entry.status == CaseStatus.Open && time >= entry.openedAt + 2 * PERIOD;
        bytes memory call = abi.encodeCall(BOARD.conclude, (entry.id));
        (bool done,) = _expect("conclude", address(BOARD), call, dice.below(ACTORS), 0, allowed);
        if (!done) return;
        ++entry.conclusions;
        (uint256 ayes, uint256 noes) = talliesOf(number);
        (_ayes[number], _noes[number]) = (ayes, noes);
        entry.status = CaseStatus.Rejected;
        if (ayes > noes && ayes >= quorum) entry.status = CaseStatus.Upheld;
        if (ayes + noes < quorum) entry.status = CaseStatus.Undecided;
        _bookBonds(entry, shareIn(number) * (ayes + noes));
        delete _openEntries[entry.token][entry.ground];
        if (entry.status == CaseStatus.Upheld) isRevoked[entry.token] = true;
        ++successes[_nameOf(entry.status)];
    }

    function claimReward(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_entries.length == 0) return;
        (uint256 number, uint256 caller) = (_entryFrom(dice), dice.below(ACTORS));
        Entry storage entry = _entries[number];
        Vote vote = voteOf[number][caller];
        bool allowed = entry.status != CaseStatus.Open && shareIn(number) != 0
            && (vote == Vote.ShownAye || vote == Vote.ShownNo);
        bytes memory call = abi.encodeCall(BOARD.claimReward, (entry.id));
        (bool done,) = _expect("claimReward", address(BOARD), call, caller, 0, allowed);
        if (!done) return;
        voteOf[number][caller] = Vote.Rewarded;
        creditOf[caller] += shareIn(number);
    }

    function withdraw(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 caller, address to) = (dice.below(ACTORS), actorOf(dice.below(ACTORS)));
        uint256 before = to.balance;
        bytes memory call = abi.encodeCall(BOARD.withdraw, (to));
        bool allowed = creditOf[caller] != 0;
        (bool done,) = _expect("withdraw", address(BOARD), call, caller, 0, allowed);
        if (!done) return;
        paidOut += to.balance - before;
        creditOf[caller] = 0;
    }

    function _commitVote(Dice memory dice, uint256 number, uint256 caller) private {
        Entry storage entry = _entries[number];
        // Most cases are about something.
        bool isAye = uint256(entry.id) % 2 == 0 ? dice.below(4) != 0 : dice.oneIn(4);
        bool isCopied = dice.oneIn(8);
        uint256 voter = isCopied ? (caller + 1) % ACTORS : caller;
        bytes32 commitment =
            keccak256(abi.encode(entry.id, actorOf(voter), isAye, _saltOf(number, voter)));
        bool allowed = entry.status == CaseStatus.Open && isMember[caller]
            && !_isParty(number, caller) && voteOf[number][caller] == Vote.None
            && time < entry.openedAt + PERIOD;
        bytes memory call = abi.encodeCall(BOARD.commitVote, (entry.id, commitment));
        (bool done,) = _expect("commitVote", address(BOARD), call, caller, 0, allowed);
        if (done) voteOf[number][caller] = isCopied ? Vote.Copied : isAye ? Vote.Aye : Vote.No;
    }

    function _revealVote(Dice memory dice, uint256 number, uint256 caller) private {
        Entry storage entry = _entries[number];
        Vote vote = voteOf[number][caller];
        bool isAye = dice.oneIn(8) ? dice.oneIn(2) : vote == Vote.Aye;
        bytes32 salt = _saltOf(number, vote == Vote.Copied ? (caller + 1) % ACTORS : caller);
        bool matches = vote == (isAye ? Vote.Aye : Vote.No);
        bool allowed = entry.status == CaseStatus.Open && isMember[caller]
            && !_isParty(number, caller) && matches && time >= entry.openedAt + PERIOD
            && time < entry.openedAt + 2 * PERIOD;
        bytes memory call = abi.encodeCall(BOARD.revealVote, (entry.id, isAye, salt));
        (bool done,) = _expect("revealVote", address(BOARD), call, caller, 0, allowed);
        if (done) voteOf[number][caller] = isAye ? Vote.ShownAye : Vote.ShownNo;
    }

    function _open(bytes32 id, uint256 token, Ground ground, uint256 opener) private {
        _entries.push(Entry(id, token, ground, opener, 0, time, CaseStatus.Open, 0));
    }

    /// @dev What the voters do not get goes to who is right, or else back.
    function _bookBonds(Entry storage entry, uint256 shares) private {
        if (entry.status == CaseStatus.Undecided || entry.defender == 0) {
            creditOf[entry.opener] += BOND - shares;
            if (entry.defender != 0) creditOf[entry.defender - 1] += BOND;
        } else if (entry.status == CaseStatus.Upheld) {
            creditOf[entry.opener] += 2 * BOND - shares;
        } else {
            creditOf[entry.defender - 1] += 2 * BOND - shares;
        }
    }

    /// @dev Enough cases are open for the votes there are.
    function _isBusy() private view returns (bool) {
        uint256 count = 0;
        for (uint256 i = 0; i < _entries.length; ++i) {
            if (_entries[i].status == CaseStatus.Open) ++count;
        }
        return count > 2;
    }

    /// @dev Mostly one of the last.
    function _entryFrom(Dice memory dice) private view returns (uint256) {
        uint256 count = _entries.length;
        return dice.oneIn(8) || count < 4 ? dice.below(count) : count - 1 - dice.below(4);
    }

    /// @dev Mostly a work that was admitted by vote, if there is one.
    function _upheldFrom(Dice memory dice) private view returns (uint256 work) {
        work = dice.below(WORKS);
        if (dice.oneIn(4)) return work;
        for (uint256 i = 0; i < WORKS; ++i) {
            uint256 entry = _submissions[(work + i) % WORKS];
            bool isUpheld = entry != 0 && _entries[entry - 1].status == CaseStatus.Upheld;
            if (isUpheld) return (work + i) % WORKS;
        }
    }

    function _bondFrom(Dice memory dice) private pure returns (uint256) {
        return dice.oneIn(10) ? dice.part(2 * BOND) : BOND;
    }

    /// @dev Mostly the curators, or most of them; sometimes anybody.
    function _signersFrom(Dice memory dice) private view returns (uint256) {
        uint256 mode = dice.below(4);
        if (mode == 0) return dice.below(1 << ACTORS);
        if (mode == 1) return _memberMask() & dice.next();
        return _memberMask() & ~(1 << dice.below(ACTORS));
    }

    /// @dev One actor, or nobody.
    function _listOf(uint256 actor) private view returns (address[] memory list) {
        list = new address[](actor < ACTORS ? 1 : 0);
        if (actor < ACTORS) list[0] = actorOf(actor);
    }

    function _saltOf(uint256 number, uint256 voter) private pure returns (bytes32) {
        return keccak256(abi.encode(number, voter));
    }

    function _nameOf(CaseStatus status) private pure returns (string memory) {
        if (status == CaseStatus.Upheld) return "upheld";
        return status == CaseStatus.Rejected ? "rejected" : "undecided";
    }
}
