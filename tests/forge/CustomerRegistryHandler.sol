// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    CustomerStatus,
    EraseIntent,
    MergeIntent,
    RecoveryIntent,
    Registration,
    RotateIntent,
    TagLink,
    UnmergeIntent,
    VetoIntent
} from "../../contracts/customers/ICustomerRegistry.sol";
import {CustomerRegistryWatch} from "./CustomerRegistryWatch.sol";
import {Dice} from "./Dice.sol";
import {vm} from "./Vm.sol";

/// @title Random customers, attestors, guardians and thieves of a customer registry
/// @notice Every action is tried on the registry, should succeed exactly if the books allow it,
/// and is then booked; every action takes one random number and makes all its choices from it.
contract CustomerRegistryHandler is CustomerRegistryWatch {
    /// @dev Two profiles of three stand at the beginning, with guardians who count, so that short
    /// sequences reach what takes several steps.
    constructor() {
        for (uint256 id = 0; id < 2 * IDS / 3; ++id) {
            uint256 key = 1 + id % KEYS;
            (bytes memory call,) = _registering(id, key, 0, 1, uint40(time));
            _expect("opened", call, address(this), true);
            _bookRegistration(id, key);
            uint256 number = 1 + id % 6;
            vm.prank(vm.addr(key));
            REGISTRY.setGuardians(ids[id], _guardiansHash(number));
            (_entries[id].nextGuardians, _entries[id].nextGuardiansAt) = (number, time + DELAY);
        }
        time += DELAY;
        vm.warp(time);
    }

    function pass(uint256 seed) external {
        Dice memory dice = Dice(seed);
        time += dice.oneIn(3) ? dice.below(2 * DELAY) : dice.below(DELAY / 4);
        vm.warp(time);
        ++successes["pass"];
    }

    function register(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 id, uint256 key, uint256 attestor) = (_id(dice), _key(dice), dice.below(4));
        uint8 level = uint8(dice.below(4));
        (bytes memory call, bool allowed) = _registering(id, key, attestor, level, _deadline(dice));
        if (_expect("register", call, address(this), allowed)) _bookRegistration(id, key);
    }

    /// @dev Two records of one scope; what is taken is skipped.
    function registerMany(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256[2] memory places = [_id(dice), uint256(0)];
        places[1] = (places[0] + SCOPES * dice.below(IDS / SCOPES)) % IDS;
        uint256[2] memory keys = [_key(dice), _key(dice)];
        bytes memory records;
        for (uint256 i = 0; i < 2; ++i) {
            records = abi.encodePacked(
                records, _tagOf(places[i]), bytes32(0), vm.addr(keys[i]), uint8(1)
            );
        }
        uint40 deadline = _deadline(dice);
        bytes memory call = abi.encodeCall(
            REGISTRY.registerMany,
            (
                _scopeOf(places[0]),
                records,
                deadline,
                vm.addr(_attestorKey(2)),
                _signBatch("RegistrationBatch", places[0], records, deadline)
            )
        );
        if (!_expect("registerMany", call, address(this), deadline >= time)) return;
        for (uint256 i = 0; i < 2; ++i) {
            if (_entries[places[i]].status == CustomerStatus.None) {
                _bookRegistration(places[i], keys[i]);
            }
        }
    }

    function linkTag(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 id, uint256 target) = (_id(dice), _profile(dice));
        TagLink memory link =
            TagLink(_tagOf(id), ids[target], _epochFor(dice, target), _deadline(dice));
        // The tag is taken in the scope of the profile.
        id = _scopeOf(id) == _scopeOf(target) ? id : IDS;
        if (id == IDS) return;
        bool allowed = _entries[target].status == CustomerStatus.Active
            && link.epoch == _entries[target].epoch && link.deadline >= time
            && _entries[id].status == CustomerStatus.None;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("TagLink(bytes32 tag,bytes32 cid,uint16 epoch,uint40 deadline)"), link
            )
        );
        uint256 signer = _attestorKey(dice.below(3));
        bytes memory call =
            abi.encodeCall(REGISTRY.linkTag, (link, vm.addr(signer), _sign(signer, structHash)));
        if (_expect("linkTag", call, address(this), allowed)) _bookLink(id, target);
    }

    function linkMany(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 id, uint256 target) = (_id(dice), _profile(dice));
        bytes memory records = abi.encodePacked(_tagOf(id), ids[target]);
        uint40 deadline = _deadline(dice);
        bytes memory call = abi.encodeCall(
            REGISTRY.linkMany,
            (
                _scopeOf(id),
                records,
                deadline,
                vm.addr(_attestorKey(2)),
                _signBatch("TagLinkBatch", id, records, deadline)
            )
        );
        if (!_expect("linkMany", call, address(this), deadline >= time)) return;
        bool links = _entries[id].status == CustomerStatus.None && _scopeOf(id) == _scopeOf(target)
            && _entries[target].status == CustomerStatus.Active;
        if (links) _bookLink(id, target);
    }

    function merge(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 from = _profile(dice);
        uint256 into = _partner(dice, from);
        MergeIntent memory intent = MergeIntent(
            ids[from],
            ids[into],
            _epochFor(dice, from),
            _epochFor(dice, into),
            _nonce,
            _deadline(dice)
        );
        (uint256[] memory keys, bool enough) = _mergers(dice, from, into, false);
        bool allowed = enough && from != into && _scopeOf(from) == _scopeOf(into)
            && _entries[from].status == CustomerStatus.Active
            && _entries[into].status == CustomerStatus.Active && mergedInto(from) == 0
            && intent.fromEpoch == _entries[from].epoch && intent.intoEpoch == _entries[into].epoch
            && intent.deadline >= time;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "MergeIntent(bytes32 from,bytes32 into,uint16 fromEpoch,uint16 intoEpoch,uint256 nonce,uint40 deadline)"
                ),
                intent
            )
        );
        bytes memory call = abi.encodeCall(REGISTRY.merge, (intent, _approve(keys, structHash)));
        if (!_expect("merge", call, address(this), allowed)) return;
        _entries[from].status = CustomerStatus.Merged;
        (_entries[from].target, _entries[from].closesAt) = (into, time + 2 * DELAY);
    }

    function unmerge(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 from = _merged(dice);
        uint256 into = _entries[from].target;
        UnmergeIntent memory intent = UnmergeIntent(ids[from], _nonce, _deadline(dice));
        (uint256[] memory keys, bool enough) = _mergers(dice, from, into, true);
        bool allowed = enough && _entries[from].status == CustomerStatus.Merged
            && intent.deadline >= time
            && (time < _entries[from].closesAt || _entries[into].status == CustomerStatus.Erased);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("UnmergeIntent(bytes32 from,uint256 nonce,uint40 deadline)"), intent
            )
        );
        bytes memory call = abi.encodeCall(REGISTRY.unmerge, (intent, _approve(keys, structHash)));
        if (_expect("unmerge", call, address(this), allowed)) {
            _entries[from].status = CustomerStatus.Active;
        }
    }

    function rotate(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 id = _profile(dice);
        (uint256 signer, uint256 key) = (_keyFor(dice, id), _key(dice));
        uint256 possessor = dice.oneIn(8) ? _key(dice) : key;
        RotateIntent memory intent =
            RotateIntent(ids[id], vm.addr(key), _epochFor(dice, id), _deadline(dice));
        bool allowed = _isLive(id) && signer == _entries[id].key && possessor == key
            && intent.epoch == _entries[id].epoch && intent.deadline >= time;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "RotateIntent(bytes32 cid,address newController,uint16 epoch,uint40 deadline)"
                ),
                intent
            )
        );
        bool inPerson = dice.oneIn(3);
        bytes memory call = abi.encodeCall(
            REGISTRY.rotate,
            (intent, inPerson ? bytes("") : _sign(signer, structHash), _sign(possessor, structHash))
        );
        address caller = inPerson ? vm.addr(signer) : address(this);
        if (_expect("rotate", call, caller, allowed)) _bookKey(id, key);
    }

    function setGuardians(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 id = _profile(dice);
        (uint256 signer, uint256 number) = (_keyFor(dice, id), dice.below(7));
        bytes memory call = abi.encodeCall(REGISTRY.setGuardians, (ids[id], _guardiansHash(number)));
        bool allowed = _isLive(id) && signer == _entries[id].key && _pending[id][false].readyAt == 0;
        if (!_expect("setGuardians", call, vm.addr(signer), allowed)) return;
        _entries[id].guardians = guardiansNow(id);
        (_entries[id].nextGuardians, _entries[id].nextGuardiansAt) = (number, time + DELAY);
    }

    function proposeByGuardians(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 id = _profile(dice);
        uint256 number = dice.oneIn(8) ? dice.below(7) : guardiansNow(id);
        (uint256[] memory keys, bool isProper) = _someOf(dice, _guardianKey(0));
        RecoveryIntent memory intent;
        bytes32 structHash;
        bool allowed;
        uint256 key = _key(dice);
        (intent, structHash, allowed) = _recovery(dice, id, key, true);
        allowed = allowed && isProper && number != 0 && number == guardiansNow(id)
            && keys.length >= 1 + number % 3;
        bytes memory call = abi.encodeCall(
            REGISTRY.proposeRecoveryByGuardians,
            (intent, _guardiansNumber(number), _approve(keys, structHash), _sign(key, structHash))
        );
        if (_expect("proposeByGuardians", call, address(this), allowed)) {
            _pending[id][true] = Pending(key, time + DELAY);
        }
    }

    function proposeByAttestors(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 id = _profile(dice);
        (uint256[] memory keys, bool isProper) = _someOf(dice, _attestorKey(0));
        RecoveryIntent memory intent;
        bytes32 structHash;
        bool allowed;
        uint256 key = _key(dice);
        (intent, structHash, allowed) = _recovery(dice, id, key, false);
        allowed = allowed && isProper && _scopeOf(id) == 1 && keys.length >= QUORUM;
        bytes memory call = abi.encodeCall(
            REGISTRY.proposeRecoveryByAttestors,
            (intent, _approve(keys, structHash), _sign(key, structHash))
        );
        if (_expect("proposeByAttestors", call, address(this), allowed)) {
            _pending[id][false] = Pending(key, time + DELAY);
            _dropAnnounced(id);
        }
    }

    function veto(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 id = _awaiting(dice, true);
        uint256 signer = _keyFor(dice, id);
        bool allowed = _isLive(id) && signer == _entries[id].key && _pending[id][true].readyAt != 0;
        bytes memory call = abi.encodeCall(REGISTRY.vetoRecovery, (ids[id]));
        address caller = vm.addr(signer);
        if (dice.oneIn(2)) {
            uint256 key = dice.oneIn(4) ? _key(dice) : _pending[id][true].key;
            VetoIntent memory intent =
                VetoIntent(ids[id], personOf(key), _epochFor(dice, id), _nonce, _deadline(dice));
            allowed = allowed && key == _pending[id][true].key && intent.epoch == _entries[id].epoch
                && intent.deadline >= time;
            bytes32 structHash = keccak256(
                abi.encode(
                    keccak256(
                        "VetoIntent(bytes32 cid,address newController,uint16 epoch,uint256 nonce,uint40 deadline)"
                    ),
                    intent
                )
            );
            call = abi.encodeCall(REGISTRY.vetoRecoveryBySig, (intent, _sign(signer, structHash)));
            caller = address(this);
        }
        if (_expect("veto", call, caller, allowed)) delete _pending[id][true];
    }

    /// @dev Only what was proposed, not vetoed, and waited for its time.
    function recover(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        bool byGuardians = dice.oneIn(2);
        uint256 id = _awaiting(dice, byGuardians);
        Pending memory pending = _pending[id][byGuardians];
        bool allowed = _isLive(id) && pending.readyAt != 0 && time >= pending.readyAt;
        bytes memory call = abi.encodeCall(REGISTRY.recover, (ids[id], byGuardians));
        if (!_expect("recover", call, address(this), allowed)) return;
        if (!allowed) _violate(5, "a recovery before its time or after a veto");
        delete _pending[id][byGuardians];
        _dropAnnounced(id);
        _bookKey(id, pending.key);
    }

    function erase(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        if (!dice.oneIn(3)) return;
        uint256 id = _profile(dice);
        uint256 signer = _keyFor(dice, id);
        EraseIntent memory intent =
            EraseIntent(ids[id], bytes32(seed), _epochFor(dice, id), _deadline(dice));
        bool allowed = _isLive(id) && signer == _entries[id].key
            && intent.epoch == _entries[id].epoch && intent.deadline >= time;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "EraseIntent(bytes32 cid,bytes32 receiptHash,uint16 epoch,uint40 deadline)"
                ),
                intent
            )
        );
        bytes memory call = abi.encodeCall(REGISTRY.eraseBySig, (intent, _sign(signer, structHash)));
        if (!_expect("erase", call, address(this), allowed)) return;
        delete _pending[id][true];
        delete _pending[id][false];
        wasKey[id][_entries[id].key] = true;
        uint256 epoch = _entries[id].epoch + 1;
        delete _entries[id];
        (_entries[id].status, _entries[id].epoch) = (CustomerStatus.Erased, epoch);
    }

    /// @dev Sends again what was carried out once; it must not count a second time.
    function replay(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        if (_sent.length == 0) return;
        Sent memory sent = _sent[dice.below(_sent.length)];
        bytes4 selector = bytes4(sent.call);
        // These carry no signature.
        if (selector == REGISTRY.recover.selector || selector == REGISTRY.setGuardians.selector) {
            return;
        }
        if (selector == REGISTRY.vetoRecovery.selector) return;
        bytes32 before = keccak256(abi.encode(_snapshot()));
        (bool done,) = address(REGISTRY).call(sent.call);
        bool isBatch =
            selector == REGISTRY.registerMany.selector || selector == REGISTRY.linkMany.selector;
        // A batch comes through as often as one likes, and skips what it did before; a link that
        // was left out may follow once its profile is there.
        if (done && !isBatch) _violate(6, string.concat(sent.action, " counted twice"));
        if (done && selector == REGISTRY.registerMany.selector) {
            if (before != keccak256(abi.encode(_snapshot()))) _violate(6, "a batch counted twice");
        }
        if (done && selector == REGISTRY.linkMany.selector) _bookLinksAgain(sent.call);
        if (done) ++successes["replay"];
        else ++refusals["replay"];
    }

    /// @dev Who spoke for a profile once tries to do so again.
    function pretend(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 id = _profile(dice);
        uint256 key = _key(dice);
        if (key == _entries[id].key) return;
        bytes[4] memory calls = [
            abi.encodeCall(REGISTRY.setRoot, (ids[id], bytes32(seed))),
            abi.encodeCall(REGISTRY.erase, (ids[id], bytes32(seed))),
            abi.encodeCall(REGISTRY.setGuardians, (ids[id], bytes32(seed))),
            abi.encodeCall(REGISTRY.vetoRecovery, (ids[id]))
        ];
        vm.prank(vm.addr(key));
        (bool done,) = address(REGISTRY).call(calls[dice.below(4)]);
        if (done) _violate(4, "somebody else had the power of the key");
        ++refusals["pretend"];
    }

    function _registering(uint256 id, uint256 key, uint256 attestor, uint8 level, uint40 deadline)
        private
        view
        returns (bytes memory call, bool allowed)
    {
        Registration memory registration =
            Registration(_scopeOf(id), _tagOf(id), 0, vm.addr(key), level, deadline);
        // The fourth is no attestor; the level of the others is 3, 2, 1.
        allowed = attestor < 3 && level + attestor <= 3 && deadline >= time
            && _entries[id].status == CustomerStatus.None;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Registration(uint24 scope,bytes32 tag,bytes32 root,address controller,uint8 level,uint40 deadline)"
                ),
                registration
            )
        );
        uint256 signer = _attestorKey(attestor);
        call = abi.encodeCall(
            REGISTRY.register, (registration, vm.addr(signer), _sign(signer, structHash))
        );
    }

    function _recovery(Dice memory dice, uint256 id, uint256 key, bool byGuardians)
        private
        view
        returns (RecoveryIntent memory intent, bytes32 structHash, bool allowed)
    {
        intent = RecoveryIntent({
            cid: ids[id],
            newController: vm.addr(key),
            byGuardians: dice.oneIn(10) ? !byGuardians : byGuardians,
            epoch: _epochFor(dice, id),
            nonce: _nonce,
            deadline: _deadline(dice)
        });
        structHash = keccak256(
            abi.encode(
                keccak256(
                    "RecoveryIntent(bytes32 cid,address newController,bool byGuardians,uint16 epoch,uint256 nonce,uint40 deadline)"
                ),
                intent
            )
        );
        allowed = _isLive(id) && intent.byGuardians == byGuardians
            && intent.epoch == _entries[id].epoch && intent.deadline >= time;
    }

    /// @dev Who signs a merge or its undoing: the controllers, attestors, or too few of them.
    function _mergers(Dice memory dice, uint256 from, uint256 into, bool either)
        private
        view
        returns (uint256[] memory keys, bool enough)
    {
        (uint256 first, uint256 second) = (_entries[from].key, _entries[into].key);
        if (dice.oneIn(2) || first == 0 || second == 0) {
            (keys, enough) = _someOf(dice, _attestorKey(0));
            return (keys, enough && _scopeOf(from) == 1 && keys.length >= QUORUM);
        }
        if (either || first == second) {
            keys = new uint256[](1);
            keys[0] = dice.oneIn(4) ? _key(dice) : dice.oneIn(2) ? first : second;
            return (keys, keys[0] == first || keys[0] == second);
        }
        if (dice.oneIn(6)) {
            keys = new uint256[](1);
            keys[0] = first;
            return (keys, false);
        }
        keys = new uint256[](2);
        (keys[0], keys[1]) = (first, second);
        return (_ascending(keys), true);
    }

    function _signBatch(string memory kind, uint256 id, bytes memory records, uint40 deadline)
        private
        view
        returns (bytes memory)
    {
        bytes32 typeHash =
            keccak256(abi.encodePacked(kind, "(uint24 scope,bytes records,uint40 deadline)"));
        return _sign(
            _attestorKey(2),
            keccak256(abi.encode(typeHash, _scopeOf(id), keccak256(records), deadline))
        );
    }

    function _dropAnnounced(uint256 id) private {
        _entries[id].guardians = guardiansNow(id);
        (_entries[id].nextGuardians, _entries[id].nextGuardiansAt) = (0, 0);
    }

    function _bookRegistration(uint256 id, uint256 key) private {
        (_entries[id].status, _entries[id].key) = (CustomerStatus.Active, key);
    }

    function _bookLink(uint256 id, uint256 target) private {
        (_entries[id].status, _entries[id].target) = (CustomerStatus.Linked, target);
    }

    function _bookKey(uint256 id, uint256 key) private {
        wasKey[id][_entries[id].key] = true;
        _entries[id].key = key;
        ++_entries[id].epoch;
    }

    function _bookLinksAgain(bytes memory call) private {
        bytes memory arguments = new bytes(call.length - 4);
        for (uint256 i = 0; i < arguments.length; ++i) {
            arguments[i] = call[i + 4];
        }
        (, bytes memory records,,,) = abi.decode(arguments, (uint24, bytes, uint40, address, bytes));
        (bytes32 tag, bytes32 cid) = abi.decode(records, (bytes32, bytes32));
        for (uint256 id = 0; id < IDS; ++id) {
            for (uint256 target = 0; target < IDS; ++target) {
                bool links = tag == _tagOf(id) && cid == ids[target]
                    && _entries[id].status == CustomerStatus.None
                    && _scopeOf(id) == _scopeOf(target)
                    && _entries[target].status == CustomerStatus.Active;
                if (links) _bookLink(id, target);
            }
        }
    }
}
