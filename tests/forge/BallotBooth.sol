// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BallotBox} from "../../contracts/ballots/BallotBox.sol";
import {Elections} from "../../contracts/ballots/Elections.sol";
import {IBallotBox} from "../../contracts/ballots/IBallotBox.sol";
import {
    ElectionSettings,
    Question,
    QuestionKind,
    Windows
} from "../../contracts/ballots/IElections.sol";
import {ITrusteeBoard} from "../../contracts/ballots/ITrusteeBoard.sol";
import {Registration} from "../../contracts/ballots/IVoterRoll.sol";
import {VoterRoll} from "../../contracts/ballots/VoterRoll.sol";
import {TrusteeBoardMock} from "../../contracts/mocks/TrusteeBoardMock.sol";
import {BallotMaker, BallotPlace} from "./BallotMaker.sol";
import {vm} from "./Vm.sol";

/// @dev The cheat codes that only these tests use.
interface BoothVm {
    function chainId(uint256 id) external;
    function prank(address caller, address origin) external;
}

BoothVm constant boothVm = BoothVm(address(vm));

/// @dev An election with two precincts that is open, and everybody's keys.
abstract contract BallotBooth {
    uint256 internal constant VOTERS = 8;
    uint256 internal constant SECRET = 0x1234567890abcdef;
    uint40 internal constant OPENS = 10_000;
    uint40 internal constant CLOSES = 20_000;
    uint40 internal constant DEADLINE = 15_000;
    uint8 internal constant YES_NO = 0;
    uint8 internal constant OF_FIVE = 1;
    uint8 internal constant EXACTLY_ONE = 2;
    uint8 internal constant UP_TO_TWO = 3;

    Elections internal _elections;
    TrusteeBoardMock internal _board;
    VoterRoll internal _roll;
    BallotBox internal _box;
    uint64 internal _election;
    bytes internal _key;

    function setUp() public virtual {
        vm.warp(1000);
        _elections = new Elections();
        _board = new TrusteeBoardMock();
        _roll = new VoterRoll(_elections);
        _box = new BallotBox(_elections, ITrusteeBoard(address(_board)), _roll);
        _key = BallotMaker.generatorTimes(SECRET);
        _election = _openElection();
        vm.warp(OPENS);
    }

    function _openElection() internal returns (uint64 election) {
        vm.warp(1000);
        election = _elections.create(_settings());
        for (uint16 precinct = 0; precinct < 2; ++precinct) {
            _register(election, precinct);
        }
        vm.warp(6000);
        for (uint16 precinct = 0; precinct < 2; ++precinct) {
            bytes memory voters;
            for (uint256 i = 0; i < VOTERS; ++i) {
                voters = bytes.concat(voters, bytes20(_voterOf(precinct, i)));
            }
            _roll.freeze(election, precinct, 0, voters);
        }
        _board.setKey(election, _key);
        for (uint8 i = 0; i < 4; ++i) {
            _box.prepare(election, i);
        }
    }

    function _register(uint64 election, uint16 precinct) private {
        Registration[] memory entries = new Registration[](VOTERS);
        bytes[] memory signatures = new bytes[](VOTERS);
        for (uint256 i = 0; i < VOTERS; ++i) {
            bytes32 nullifier = keccak256(abi.encode("citizen", precinct, i));
            entries[i] = Registration(precinct, nullifier, _voterOf(precinct, i), 4000);
            signatures[i] = _signRegistration(election, entries[i]);
        }
        _roll.register(election, entries, signatures);
    }

    function _signRegistration(uint64 election, Registration memory entry)
        internal
        view
        returns (bytes memory)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Registration(uint64 election,uint16 precinct,bytes32 nullifier,address voter,uint40 deadline)"
                ),
                election,
                entry.precinct,
                entry.nullifier,
                entry.voter,
                entry.deadline
            )
        );
        (, string memory name, string memory version, uint256 chainId, address place,,) =
            _roll.eip712Domain();
        return
            _compact(_registrarKey(), _digest(_domain(name, version, chainId, place), structHash));
    }

    function _settings() internal view returns (ElectionSettings memory settings) {
        settings.definitionHash = keccak256("definition");
        settings.windows = Windows(2000, 3000, 4000, 5000, 5000, OPENS, CLOSES, CLOSES + 1000);
        settings.precincts = 2;
        settings.minimumTurnout = 2;
        settings.threshold = 1;
        settings.registrarQuorum = 1;
        settings.questions = new Question[](4);
        settings.questions[YES_NO] = Question(QuestionKind.Choice, 2, 1, 1, 16);
        settings.questions[OF_FIVE] = Question(QuestionKind.Choice, 5, 1, 1, 8);
        settings.questions[EXACTLY_ONE] = Question(QuestionKind.Vector, 5, 1, 1, 0);
        settings.questions[UP_TO_TWO] = Question(QuestionKind.Vector, 3, 0, 2, 0);
        settings.trustees = new address[](1);
        settings.trustees[0] = address(this);
        settings.registrars = new address[](1);
        settings.registrars[0] = vm.addr(_registrarKey());
    }

    function _place(uint8 question, uint16 precinct, uint256 index)
        internal
        view
        returns (BallotPlace memory)
    {
        return BallotPlace({
            context: _box.contextOf(_election, question),
            key: _key,
            question: _settings().questions[question],
            voter: _voterOf(precinct, index),
            seed: uint256(keccak256(abi.encode(question, precinct, index)))
        });
    }

    /// @dev A ballot as a batch takes it, signed by its voter.
    function _ballot(uint8 question, uint16 precinct, uint256 index, uint256 chosen)
        internal
        view
        returns (bytes memory)
    {
        bytes memory body = BallotMaker.seal(_place(question, precinct, index), chosen);
        return _signed(question, precinct, index, body);
    }

    function _signed(uint8 question, uint16 precinct, uint256 index, bytes memory body)
        internal
        view
        returns (bytes memory)
    {
        return _signedBy(_keyOf(precinct, index), question, precinct, index, body);
    }

    function _signedBy(
        uint256 key,
        uint8 question,
        uint16 precinct,
        uint256 index,
        bytes memory body
    ) internal view returns (bytes memory) {
        bytes32 tracker = BallotMaker.trackerOf(_place(question, precinct, index), body);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "BallotIntent(uint64 election,uint8 question,uint16 precinct,uint32 index,bytes32 tracker,uint40 deadline)"
                ),
                _election,
                question,
                precinct,
                index,
                tracker,
                DEADLINE
            )
        );
        bytes32 domain = _domain("BallotBox", "1", block.chainid, address(_box));
        bytes memory signature = _compact(key, _digest(domain, structHash));
        return bytes.concat(bytes4(uint32(index)), bytes5(DEADLINE), signature, body);
    }

    /// @dev As its voter sends it: without a signature.
    function _direct(uint256 index, bytes memory body) internal pure returns (bytes memory) {
        return bytes.concat(bytes4(uint32(index)), new bytes(69), body);
    }

    function _cast(uint8 question, uint16 precinct, bytes memory ballots)
        internal
        returns (bool done, bytes memory reason)
    {
        return _castBy(vm.addr(77), question, precinct, ballots);
    }

    function _castBy(address caller, uint8 question, uint16 precinct, bytes memory ballots)
        internal
        returns (bool done, bytes memory reason)
    {
        bytes memory data =
            abi.encodeCall(IBallotBox.castBatch, (_election, question, precinct, ballots));
        boothVm.prank(caller, caller);
        return address(_box).call(data);
    }

    function _voterOf(uint16 precinct, uint256 index) internal pure returns (address) {
        return vm.addr(_keyOf(precinct, index));
    }

    function _keyOf(uint16 precinct, uint256 index) internal pure returns (uint256) {
        return 1000 + uint256(precinct) * 100 + index;
    }

    function _registrarKey() internal pure returns (uint256) {
        return 500;
    }

    function _domain(string memory name, string memory version, uint256 chainId, address place)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                chainId,
                place
            )
        );
    }

    function _digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }

    /// @dev ERC-2098.
    function _compact(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, uint256(s) | uint256(v - 27) << 255);
    }
}
