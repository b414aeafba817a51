// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    AttestationStatus,
    AttestationSubject,
    IAttestationRegistry
} from "../../contracts/customers/IAttestationRegistry.sol";
import {
    ConsentStatus,
    ConsentTerms,
    DataController,
    IConsentRegistry,
    Permission,
    SignedConsent
} from "../../contracts/customers/IConsentRegistry.sol";
import {IDataRewards, RewardClaim, RewardKind} from "../../contracts/customers/IDataRewards.sol";
import {IDidRegistry} from "../../contracts/customers/IDidRegistry.sol";
import {IInteractionLog} from "../../contracts/customers/IInteractionLog.sol";
import {Dice} from "./Dice.sol";
import {vm} from "./Vm.sol";

/// @title Random customers, companies and attestors around consents, attestations and rewards
/// @notice Every action should succeed exactly if the books allow it, and is then booked; it takes
/// one random number and makes all its choices from it.
contract CustomerDataHandler {
    uint256 public constant TERMS = 9;
    uint256 public constant SUBJECTS = 3;
    uint256 public constant STATEMENTS = 4;
    uint256 public constant ATTESTORS = 4;
    uint256 public constant CAMPAIGNS = 3;
    uint256 public constant CLAIMS = 8;
    uint128 public constant CAP = 60;
    uint256 private constant KEYS = 5;
    uint8 private constant QUORUM = 2;
    bytes32 private constant SALT = "salt";

    /// @param renewedUntil 0 while only the terms say how long.
    struct Consented {
        ConsentStatus status;
        uint256 validFrom;
        uint256 validUntil;
        uint256 renewedUntil;
    }

    struct Word {
        AttestationStatus status;
        uint256 issuedAt;
        uint256 expiry;
    }

    struct Stand {
        bool admitted;
        uint256 from;
        uint256 until;
    }

    struct Reward {
        uint256 id;
        uint256 budget;
        uint256 paid;
        uint256 claimsUntil;
        bool published;
        bytes32[CLAIMS] leaves;
    }

    IDidRegistry public immutable DIDS;
    IConsentRegistry public immutable CONSENTS;
    IAttestationRegistry public immutable ATTESTATIONS;
    IDataRewards public immutable REWARDS;
    IERC20 public immutable COIN;

    uint256 public time = 1_800_000_000;
    mapping(string action => uint256 count) public successes;
    mapping(string action => uint256 count) public refusals;
    /// @notice The first disagreement between contracts and books.
    string public violation;

    Consented[TERMS] private _consented;
    /// @dev Numbers of the keys that own the subjects now.
    uint256[SUBJECTS] private _owners = [1, 2, 3];
    mapping(uint256 statement => mapping(uint256 attestor => Word)) private _words;
    mapping(uint256 statement => bool) private _disowned;
    Stand[ATTESTORS] private _stands;
    uint32 private immutable TOPIC;
    Reward[CAMPAIGNS] private _rewards;
    mapping(uint256 campaign => mapping(uint256 index => uint256 times)) public timesIndex;
    mapping(uint256 campaign => mapping(bytes32 person => uint256 times)) public timesPerson;

    constructor() {
        vm.warp(time);
        DIDS = IDidRegistry(vm.deployCode("DidRegistry.sol:DidRegistry", abi.encode(0)));
        CONSENTS = IConsentRegistry(
            vm.deployCode("ConsentRegistry.sol:ConsentRegistry", abi.encode(DIDS))
        );
        ATTESTATIONS = IAttestationRegistry(
            vm.deployCode("AttestationRegistry.sol:AttestationRegistry", abi.encode(DIDS))
        );
        IInteractionLog log =
            IInteractionLog(vm.deployCode("InteractionLog.sol:InteractionLog", ""));
        COIN = IERC20(vm.deployCode("TestCoin.sol:TestCoin", ""));
        REWARDS =
            IDataRewards(vm.deployCode("DataRewards.sol:DataRewards", abi.encode(address(0), log)));
        for (uint256 i = 0; i < TERMS; ++i) {
            uint256 from = time + 5 days * (i % 2);
            _consented[i] = Consented(ConsentStatus.None, from, from + 20 days * (1 + i % 3), 0);
        }
        TOPIC = uint32(ATTESTATIONS.createTopic(QUORUM, 0));
        log.open(0, 60, 0);
        COIN.approve(address(REWARDS), type(uint256).max);
        for (uint256 i = 0; i < CAMPAIGNS; ++i) {
            uint256 until = time + 60 days * (1 + i);
            _rewards[i].claimsUntil = until;
            _rewards[i].id = REWARDS.create(
                RewardKind.Coin,
                uint160(address(COIN)),
                CAP,
                1,
                log.logOf(address(this), 0),
                uint40(until)
            );
            for (uint256 place = 0; place < CLAIMS; ++place) {
                _rewards[i].leaves[place] =
                    keccak256(bytes.concat(keccak256(abi.encode(_claimOf(i, place)))));
            }
        }
    }

    function pass(uint256 seed) external {
        Dice memory dice = Dice(seed);
        time += dice.below(dice.oneIn(4) ? 30 days : 1 days);
        vm.warp(time);
        ++successes["pass"];
    }

    function changeOwner(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 subject, uint256 caller, uint256 to) =
            (dice.below(SUBJECTS), _keyFor(dice), 1 + dice.below(KEYS));
        bytes memory call = abi.encodeCall(DIDS.changeOwner, (subjectOf(subject), vm.addr(to)));
        bool allowed = caller == _owners[subject];
        if (_expect("changeOwner", address(DIDS), call, vm.addr(caller), allowed)) {
            _owners[subject] = to;
        }
    }

    // Consents

    function grant(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 place = dice.below(TERMS);
        uint256 caller = _callerFor(dice, place);
        bytes memory call = abi.encodeCall(
            CONSENTS.grant, (subjectOf(place), CONSENTS.consentIdOf(termsOf(place)))
        );
        bool allowed = _isOwner(place, caller) && _status(place) == ConsentStatus.None;
        if (_expect("grant", address(CONSENTS), call, vm.addr(caller), allowed)) {
            _consented[place].status = ConsentStatus.Granted;
        }
    }

    function grantBySig(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 place = dice.below(TERMS);
        uint256 signer = _callerFor(dice, place);
        bytes32 consentId = CONSENTS.consentIdOf(termsOf(place));
        uint40 deadline = uint40(dice.oneIn(8) ? time - 1 : time);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "ConsentGrant(ConsentTerms terms,uint40 deadline)ConsentTerms(DataController dataController,Permission permission)DataController(address account,bytes32 salt)Permission(address subject,uint128 purposes,uint256 categories,bytes32 recipientsHash,uint40 validFrom,uint40 validUntil,bytes32 noticeHash,bytes2 jurisdiction,uint8 flags,uint256 rewardId,bytes32 salt)"
                ),
                consentId,
                deadline
            )
        );
        bytes32 digest =
            keccak256(abi.encodePacked("\x19\x01", CONSENTS.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signer, digest);
        SignedConsent memory consent =
            SignedConsent(subjectOf(place), consentId, deadline, abi.encodePacked(r, s, v));
        bool allowed =
            _isOwner(place, signer) && _status(place) == ConsentStatus.None && deadline >= time;
        bytes memory call = abi.encodeCall(CONSENTS.grantBySig, (consent));
        if (_expect("grantBySig", address(CONSENTS), call, address(this), allowed)) {
            _consented[place].status = ConsentStatus.Granted;
        }
    }

    function withdraw(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 place = dice.below(TERMS);
        uint256 caller = _callerFor(dice, place);
        bytes memory call = abi.encodeCall(
            CONSENTS.withdraw, (subjectOf(place), CONSENTS.consentIdOf(termsOf(place)))
        );
        bool allowed = _isOwner(place, caller) && _status(place) == ConsentStatus.Granted;
        if (_expect("withdraw", address(CONSENTS), call, vm.addr(caller), allowed)) {
            _consented[place].status = ConsentStatus.Withdrawn;
        }
    }

    function revoke(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 place = dice.below(TERMS);
        address caller = dice.oneIn(4) ? vm.addr(_keyFor(dice)) : companyOf();
        bytes32 permissionHash = keccak256(
            abi.encode(
                keccak256(
                    "Permission(address subject,uint128 purposes,uint256 categories,bytes32 recipientsHash,uint40 validFrom,uint40 validUntil,bytes32 noticeHash,bytes2 jurisdiction,uint8 flags,uint256 rewardId,bytes32 salt)"
                ),
                termsOf(place).permission
            )
        );
        bytes memory call =
            abi.encodeCall(CONSENTS.revoke, (subjectOf(place), SALT, permissionHash));
        bool allowed = caller == companyOf() && _status(place) == ConsentStatus.Granted;
        if (_expect("revoke", address(CONSENTS), call, caller, allowed)) {
            _consented[place].status = ConsentStatus.Revoked;
        }
    }

    function renew(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 place = dice.below(TERMS);
        uint256 caller = _callerFor(dice, place);
        uint40 expiry = uint40(time - 1 days + dice.below(100 days));
        bytes memory call = abi.encodeCall(
            CONSENTS.renew, (subjectOf(place), CONSENTS.consentIdOf(termsOf(place)), expiry)
        );
        bool allowed = _isOwner(place, caller) && _status(place) == ConsentStatus.Granted
            && expiry > time && expiry > _consented[place].renewedUntil;
        if (_expect("renew", address(CONSENTS), call, vm.addr(caller), allowed)) {
            _consented[place].renewedUntil = expiry;
        }
    }

    // Attestations

    function admit(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 attestor = dice.below(ATTESTORS);
        address caller = dice.oneIn(5) ? companyOf() : address(this);
        bytes memory call = abi.encodeCall(ATTESTATIONS.admit, (TOPIC, _attestorOf(attestor), 1));
        if (_expect("admit", address(ATTESTATIONS), call, caller, caller == address(this))) {
            Stand storage stand = _stands[attestor];
            if (!stand.admitted || stand.until != 0) stand.from = time;
            (stand.admitted, stand.until) = (true, 0);
        }
    }

    function dismiss(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 attestor = dice.below(ATTESTORS);
        uint40 until = uint40(time + 1 days - dice.below(10 days));
        Stand storage stand = _stands[attestor];
        bool allowed = stand.admitted && until <= time && (stand.until == 0 || until < stand.until);
        bytes memory call =
            abi.encodeCall(ATTESTATIONS.dismiss, (TOPIC, _attestorOf(attestor), until));
        if (_expect("dismiss", address(ATTESTATIONS), call, address(this), allowed)) {
            stand.until = until;
        }
    }

    function attest(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 statement, uint256 attestor) = (dice.below(STATEMENTS), dice.below(ATTESTORS));
        uint40 expiry = uint40(dice.oneIn(2) ? 0 : time - 1 days + dice.below(40 days));
        Stand memory stand = _stands[attestor];
        Word storage word = _words[statement][attestor];
        bool allowed = stand.admitted && stand.until == 0 && (expiry == 0 || expiry > time)
            && word.status == AttestationStatus.None;
        bytes memory call =
            abi.encodeCall(ATTESTATIONS.attest, (uidOf(statement), TOPIC, 1, expiry));
        if (_expect("attest", address(ATTESTATIONS), call, _attestorOf(attestor), allowed)) {
            (word.status, word.issuedAt, word.expiry) = (AttestationStatus.Issued, time, expiry);
        }
    }

    function takeBack(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 statement, uint256 attestor) = (dice.below(STATEMENTS), dice.below(ATTESTORS));
        Word storage word = _words[statement][attestor];
        bytes memory call = abi.encodeCall(ATTESTATIONS.revoke, (uidOf(statement)));
        bool allowed = word.status == AttestationStatus.Issued;
        if (_expect("takeBack", address(ATTESTATIONS), call, _attestorOf(attestor), allowed)) {
            word.status = AttestationStatus.Revoked;
        }
    }

    function disown(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 statement = dice.below(STATEMENTS);
        uint256 caller = dice.oneIn(3) ? _owners[0] : _keyFor(dice);
        bytes memory call = abi.encodeCall(
            ATTESTATIONS.disown,
            (TOPIC, AttestationSubject(subjectOf(0), bytes32(statement)), bytes32(0))
        );
        bool allowed = caller == _owners[0] && !_disowned[statement];
        if (_expect("disown", address(ATTESTATIONS), call, vm.addr(caller), allowed)) {
            _disowned[statement] = true;
        }
    }

    // Rewards

    function fund(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Reward storage reward = _rewards[dice.below(CAMPAIGNS)];
        uint128 amount = uint128(dice.below(60));
        bool allowed = amount != 0 && !reward.published && time < reward.claimsUntil;
        (bool minted,) = address(COIN)
            .call(abi.encodeWithSignature("mint(address,uint256)", address(this), amount));
        bytes memory call = abi.encodeCall(REWARDS.fund, (reward.id, amount));
        if (_expect("fund", address(REWARDS), call, address(this), minted && allowed)) {
            reward.budget += amount;
        }
    }

    function publish(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Reward storage reward = _rewards[dice.below(CAMPAIGNS)];
        // Mostly wait until there is something to pay with.
        if (reward.budget < 100 && !dice.oneIn(8)) return;
        bytes32 root = _rootFrom(reward.leaves);
        bool allowed = !reward.published && time < reward.claimsUntil;
        bytes memory call = abi.encodeCall(REWARDS.publish, (reward.id, root));
        if (_expect("publish", address(REWARDS), call, address(this), allowed)) {
            reward.published = true;
        }
    }

    function claim(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 campaign, uint256 place) = (dice.below(CAMPAIGNS), dice.below(CLAIMS));
        Reward storage reward = _rewards[campaign];
        RewardClaim memory claimed = _claimOf(campaign, place);
        uint256 proven = dice.oneIn(6) ? dice.below(CLAIMS) : place;
        bool allowed = reward.published && time < reward.claimsUntil && proven == place
            && claimed.amount <= CAP && claimed.amount <= reward.budget - reward.paid
            && timesIndex[campaign][claimed.index] == 0
            && timesPerson[campaign][claimed.person] == 0;
        bytes memory call =
            abi.encodeCall(REWARDS.claim, (claimed, _proofFrom(reward.leaves, proven)));
        if (_expect("claim", address(REWARDS), call, companyOf(), allowed)) {
            reward.paid += claimed.amount;
            ++timesIndex[campaign][claimed.index];
            ++timesPerson[campaign][claimed.person];
        }
    }

    function close(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Reward storage reward = _rewards[dice.below(CAMPAIGNS)];
        bool allowed = time >= reward.claimsUntil && reward.budget > reward.paid;
        bytes memory call = abi.encodeCall(REWARDS.close, (reward.id));
        if (_expect("close", address(REWARDS), call, address(this), allowed)) {
            reward.budget = reward.paid;
        }
    }

    // The books

    function consentedOf(uint256 place) external view returns (Consented memory) {
        return _consented[place];
    }

    function rewardOf(uint256 campaign) external view returns (uint256, uint256, uint256) {
        Reward storage reward = _rewards[campaign];
        return (reward.id, reward.budget, reward.paid);
    }

    function shouldHold(uint256 place) external view returns (bool) {
        Consented memory consent = _consented[place];
        bool unexpired = time < consent.validUntil || time < consent.renewedUntil;
        return consent.status == ConsentStatus.Granted && time >= consent.validFrom && unexpired;
    }

    /// @dev Whether the word of one attestor counts, by the books.
    function counts(uint256 statement, uint256 attestor) public view returns (bool) {
        (Word memory word, Stand memory stand) = (_words[statement][attestor], _stands[attestor]);
        bool stood = stand.admitted && word.issuedAt >= stand.from
            && (stand.until == 0 || word.issuedAt < stand.until);
        return word.status == AttestationStatus.Issued && stood
            && (word.expiry == 0 || time < word.expiry);
    }

    function shouldBeValid(uint256 statement) external view returns (bool) {
        uint256 count = 0;
        for (uint256 i = 0; i < ATTESTORS; ++i) {
            if (counts(statement, i)) ++count;
        }
        return count >= QUORUM && !_disowned[statement];
    }

    function isValid(uint256 statement) external view returns (bool) {
        return ATTESTATIONS.isValid(uidOf(statement), TOPIC, 1, attestors());
    }

    function wasRevoked(uint256 statement, uint256 attestor) external view returns (bool) {
        return _words[statement][attestor].status == AttestationStatus.Revoked;
    }

    function statusOf(uint256 statement, uint256 attestor)
        external
        view
        returns (AttestationStatus)
    {
        return ATTESTATIONS.attestationOf(uidOf(statement), _attestorOf(attestor)).status;
    }

    /// @dev In ascending order.
    function attestors() public pure returns (address[] memory sorted) {
        sorted = new address[](ATTESTORS);
        for (uint256 i = 0; i < ATTESTORS; ++i) {
            sorted[i] = _attestorOf(i);
            for (uint256 j = i; j > 0 && sorted[j] < sorted[j - 1]; --j) {
                (sorted[j], sorted[j - 1]) = (sorted[j - 1], sorted[j]);
            }
        }
    }

    function uidOf(uint256 statement) public view returns (bytes32) {
        return
            ATTESTATIONS.uidOf(
                TOPIC, AttestationSubject(subjectOf(0), bytes32(statement)), bytes32(0)
            );
    }

    function termsOf(uint256 place) public view returns (ConsentTerms memory) {
        Consented memory consent = _consented[place];
        Permission memory permission;
        permission.subject = subjectOf(place);
        (permission.purposes, permission.categories) = (6, 5);
        permission.validFrom = uint40(consent.validFrom);
        permission.validUntil = uint40(consent.validUntil);
        permission.salt = bytes32(place);
        return ConsentTerms(DataController(companyOf(), SALT), permission);
    }

    function subjectOf(uint256 place) public pure returns (address) {
        return vm.addr(1 + place % SUBJECTS);
    }

    function companyOf() public pure returns (address) {
        return vm.addr(101);
    }

    function _expect(
        string memory action,
        address target,
        bytes memory call,
        address caller,
        bool allowed
    ) private returns (bool carriedOut) {
        vm.prank(caller);
        (carriedOut,) = target.call(call);
        ++(carriedOut ? successes : refusals)[action];
        if (carriedOut != allowed && bytes(violation).length == 0) {
            violation = string.concat(action, carriedOut ? " was carried out" : " was refused");
        }
    }

    function _status(uint256 place) private view returns (ConsentStatus) {
        return _consented[place].status;
    }

    function _isOwner(uint256 place, uint256 key) private view returns (bool) {
        return key == _owners[place % SUBJECTS];
    }

    /// @dev Mostly the key that counts.
    function _callerFor(Dice memory dice, uint256 place) private view returns (uint256) {
        return dice.oneIn(3) ? _keyFor(dice) : _owners[place % SUBJECTS];
    }

    function _keyFor(Dice memory dice) private pure returns (uint256) {
        return 1 + dice.below(KEYS);
    }

    function _attestorOf(uint256 attestor) private pure returns (address) {
        return vm.addr(201 + attestor);
    }

    /// @dev Some share an index or a person, one is above the cap.
    function _claimOf(uint256 campaign, uint256 place) private view returns (RewardClaim memory) {
        return RewardClaim({
            campaign: _rewards[campaign].id,
            index: place % 6,
            person: keccak256(abi.encode(campaign, place % 5)),
            payee: vm.addr(301 + place),
            amount: uint128(11 + 7 * place)
        });
    }

    function _pair(bytes32 one, bytes32 other) private pure returns (bytes32) {
        return
            one < other ? keccak256(bytes.concat(one, other)) : keccak256(bytes.concat(other, one));
    }

    function _rootFrom(bytes32[CLAIMS] memory nodes) private pure returns (bytes32) {
        for (uint256 width = CLAIMS; width > 1; width /= 2) {
            for (uint256 i = 0; i < width / 2; ++i) {
                nodes[i] = _pair(nodes[2 * i], nodes[2 * i + 1]);
            }
        }
        return nodes[0];
    }

    function _proofFrom(bytes32[CLAIMS] memory nodes, uint256 place)
        private
        pure
        returns (bytes32[] memory proof)
    {
        proof = new bytes32[](3);
        uint256 level = 0;
        for (uint256 width = CLAIMS; width > 1; width /= 2) {
            proof[level++] = nodes[place ^ 1];
            for (uint256 i = 0; i < width / 2; ++i) {
                nodes[i] = _pair(nodes[2 * i], nodes[2 * i + 1]);
            }
            place /= 2;
        }
    }
}
