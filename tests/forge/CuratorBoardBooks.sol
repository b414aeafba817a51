// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ArtworksMock} from "../../contracts/mocks/ArtworksMock.sol";
import {Artwork} from "../../contracts/provenance/IArtworks.sol";
import {
    BoardChange,
    CaseStatus,
    CuratorApproval,
    Ground,
    ICuratorBoard
} from "../../contracts/provenance/ICuratorBoard.sol";
import {vm} from "./Vm.sol";

/// @dev What an actor did in a case. What was copied from another cannot be shown.
enum Vote {
    None,
    Aye,
    No,
    Copied,
    ShownAye,
    ShownNo,
    Rewarded
}

/// @title What a board of curators should be, in plain books
/// @notice Actors are numbered by rising address; all of them are curators now and then.
abstract contract CuratorBoardBooks {
    uint256 public constant ACTORS = 8;
    uint256 public constant TOKENS = 12;
    uint256 public constant WORKS = 24;
    uint256 public constant BOND = 1 ether + 5;
    uint32 internal constant PERIOD = 1 hours;
    uint32 internal constant NOTICE = 3 hours;
    uint256 private constant FOUNDERS = 5;

    /// @param token Of a challenge; of a submission `TOKENS` and the number of the work.
    /// @param defender Number of the actor, and one; 0: nobody.
    struct Entry {
        bytes32 id;
        uint256 token;
        Ground ground;
        uint256 opener;
        uint256 defender;
        uint256 openedAt;
        CaseStatus status;
        uint256 conclusions;
    }

    ArtworksMock public immutable ARTWORKS;
    ICuratorBoard public immutable BOARD;

    uint256 public time = 1_800_000_000;
    mapping(string action => uint256 count) public successes;
    mapping(string action => uint256 count) public refusals;
    /// @notice The first disagreement between contract and books.
    string public violation;

    uint256 public bondsIn;
    uint256 public paidOut;
    bool[ACTORS] public isMember;
    uint256 public members;
    uint256 public quorum = 3;
    uint256 internal _epoch;
    uint256 internal _version = 1;
    uint256 internal _since;
    uint256[ACTORS] private _keys;
    uint256[ACTORS] public creditOf;
    Entry[] internal _entries;
    mapping(uint256 entry => mapping(uint256 actor => Vote)) public voteOf;
    /// @dev Number of the case, and one.
    mapping(uint256 work => uint256 entry) internal _submissions;
    mapping(uint256 token => mapping(Ground ground => uint256 entry)) internal _openEntries;
    mapping(uint256 token => bool) public isRevoked;
    /// @dev Votes when the case was concluded.
    mapping(uint256 entry => uint256 count) internal _ayes;
    mapping(uint256 entry => uint256 count) internal _noes;

    constructor() {
        vm.warp(time);
        _since = time;
        for (uint256 i = 0; i < ACTORS; ++i) {
            _keys[i] = 1 + i;
            for (uint256 j = i; j > 0 && actorOf(j) < actorOf(j - 1); --j) {
                (_keys[j], _keys[j - 1]) = (_keys[j - 1], _keys[j]);
            }
        }
        address[] memory founders = new address[](FOUNDERS);
        for (uint256 i = 0; i < FOUNDERS; ++i) {
            // From the last to the first: the board sorts them.
            founders[i] = actorOf(FOUNDERS - 1 - i);
            isMember[i] = true;
        }
        members = FOUNDERS;
        bytes memory arguments =
            abi.encode(founders, quorum, bytes32("first"), BOND, PERIOD, PERIOD, NOTICE);
        ARTWORKS = ArtworksMock(vm.deployCode("ArtworksMock.sol:ArtworksMock", arguments));
        BOARD = ARTWORKS.BOARD();
        for (uint256 i = 0; i < TOKENS; ++i) {
            ARTWORKS.setRecord(i, actorOf(artistOf(i)), _pictureOf(i));
            ARTWORKS.setOwner(i, actorOf(ownerOf(i)));
        }
    }

    function entryOf(uint256 number) external view returns (Entry memory) {
        return _entries[number];
    }

    function entryCount() external view returns (uint256) {
        return _entries.length;
    }

    function actorOf(uint256 number) public view returns (address) {
        return vm.addr(_keys[number]);
    }

    /// @dev Of a token, or of a work.
    function artistOf(uint256 number) public pure returns (uint256) {
        return number % ACTORS;
    }

    function ownerOf(uint256 token) public pure returns (uint256) {
        return (token + 3) % ACTORS;
    }

    /// @dev Wei that one who showed a vote gets in the end.
    function shareIn(uint256 number) public view returns (uint256) {
        Entry memory entry = _entries[number];
        (uint256 ayes, uint256 noes) = talliesOf(number);
        if (entry.status == CaseStatus.Upheld && entry.defender != 0) {
            return BOND / 2 / (ayes + noes);
        }
        if (entry.status != CaseStatus.Rejected) return 0;
        return (entry.defender == 0 ? BOND : BOND / 2) / (ayes + noes);
    }

    function talliesOf(uint256 number) public view returns (uint256 ayes, uint256 noes) {
        Entry storage entry = _entries[number];
        if (entry.status != CaseStatus.Open) return (_ayes[number], _noes[number]);
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (voteOf[number][i] == Vote.ShownAye) ++ayes;
            if (voteOf[number][i] == Vote.ShownNo) ++noes;
        }
    }

    function _expect(
        string memory action,
        address target,
        bytes memory call,
        uint256 actor,
        uint256 value,
        bool allowed
    ) internal returns (bool carriedOut, bytes memory answer) {
        address caller = actorOf(actor);
        vm.deal(caller, caller.balance + value);
        vm.prank(caller);
        (carriedOut, answer) = target.call{value: value}(call);
        ++(carriedOut ? successes : refusals)[action];
        if (carriedOut) bondsIn += value;
        if (carriedOut != allowed && bytes(violation).length == 0) {
            violation = string.concat(action, carriedOut ? " was carried out" : " was refused");
        }
    }

    function _isParty(uint256 number, uint256 actor) internal view returns (bool) {
        Entry storage entry = _entries[number];
        bool isArtist = entry.ground != Ground.Submission && actor == artistOf(entry.token);
        return actor == entry.opener || actor + 1 == entry.defender || isArtist;
    }

    /// @dev Pictures come by fours: one, one near it, none, one far from all.
    function _pictureOf(uint256 token) internal pure returns (uint64) {
        uint64 picture = uint64(uint256(keccak256(abi.encode(token / 4))));
        uint64[4] memory kinds = [picture, picture ^ 0x81000000000001F8, 0, ~picture];
        return kinds[token % 4];
    }

    function _areNear(uint256 token, uint256 other) internal pure returns (bool) {
        return token != other && token / 4 == other / 4 && token % 4 < 2 && other % 4 < 2;
    }

    function _workOf(uint256 number) internal view returns (Artwork memory work) {
        work.fileKeccak = bytes32(number + 1);
        work.artist = actorOf(artistOf(number));
        work.standardsVersion = number % 4 == 3 ? 2 : 1;
    }

    function _workHash(uint256 number) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "Artwork(bytes32 fileKeccak,bytes32 fileSha256,bytes32 cidDigest,uint64 pHash,bytes32 metadataHash,address artist,uint16 royaltyBps,uint8 succession,uint32 standardsVersion,uint40 deadline)"
                ),
                _workOf(number)
            )
        );
    }

    function _changeHash(BoardChange memory change) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "BoardChange(address[] admitted,address[] dismissed,uint8 quorum,bytes32 standardsHash,uint32 epoch)"
                ),
                keccak256(abi.encodePacked(change.admitted)),
                keccak256(abi.encodePacked(change.dismissed)),
                change.quorum,
                change.standardsHash,
                change.epoch
            )
        );
    }

    /// @dev Of the actors in `mask`, by rising address; the first twice if there is a twin.
    function _approve(
        bytes32 typehash,
        bytes32 structHash,
        uint256 mask,
        bool hasTwin,
        uint40 deadline
    ) internal view returns (CuratorApproval[] memory approvals) {
        approvals = new CuratorApproval[](_count(mask) + (hasTwin ? 1 : 0));
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19\x01",
                BOARD.DOMAIN_SEPARATOR(),
                keccak256(abi.encode(typehash, structHash, deadline))
            )
        );
        uint256 place = 0;
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (mask >> i & 1 == 0) continue;
            approvals[place++] = CuratorApproval(actorOf(i), deadline, _sign(i, digest, false));
            if (!hasTwin) continue;
            hasTwin = false;
            approvals[place++] = CuratorApproval(actorOf(i), deadline, _sign(i, digest, true));
        }
    }

    function _sign(uint256 actor, bytes32 digest, bool compact)
        private
        view
        returns (bytes memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[actor], digest);
        if (!compact) return abi.encodePacked(r, s, v);
        return abi.encodePacked(r, uint256(s) | uint256(v - 27) << 255);
    }

    /// @dev All in `mask` are curators now.
    function _areMembers(uint256 mask) internal view returns (bool) {
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (mask >> i & 1 == 1 && !isMember[i]) return false;
        }
        return true;
    }

    function _memberMask() internal view returns (uint256 mask) {
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (isMember[i]) mask |= 1 << i;
        }
    }

    function _count(uint256 mask) internal pure returns (uint256 count) {
        for (; mask != 0; mask >>= 1) {
            count += mask & 1;
        }
    }
}
