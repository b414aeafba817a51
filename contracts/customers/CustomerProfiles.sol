// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CustomerScopes} from "./CustomerScopes.sol";
import {
    Approval,
    Customer,
    CustomerStatus,
    ICustomerRegistry,
    MergeIntent,
    Registration,
    TagLink,
    UnmergeIntent
} from "./ICustomerRegistry.sol";
import {CustomerWord, CustomerWordLibrary} from "./types/CustomerWord.sol";

/// @title Profiles of the customer registry: which tag leads to which
/// @notice See {ICustomerRegistry}.
abstract contract CustomerProfiles is CustomerScopes {
    bytes32 private constant ID_DOMAIN = keccak256("crmdapp.customer");
    bytes32 private constant REGISTRATION_TYPEHASH = keccak256(
        "Registration(uint24 scope,bytes32 tag,bytes32 root,address controller,uint8 level,uint40 deadline)"
    );
    bytes32 private constant REGISTRATION_BATCH_TYPEHASH =
        keccak256("RegistrationBatch(uint24 scope,bytes records,uint40 deadline)");
    bytes32 private constant TAG_LINK_TYPEHASH =
        keccak256("TagLink(bytes32 tag,bytes32 cid,uint16 epoch,uint40 deadline)");
    bytes32 private constant TAG_LINK_BATCH_TYPEHASH =
        keccak256("TagLinkBatch(uint24 scope,bytes records,uint40 deadline)");
    bytes32 private constant MERGE_TYPEHASH = keccak256(
        "MergeIntent(bytes32 from,bytes32 into,uint16 fromEpoch,uint16 intoEpoch,uint256 nonce,uint40 deadline)"
    );
    bytes32 private constant UNMERGE_TYPEHASH =
        keccak256("UnmergeIntent(bytes32 from,uint256 nonce,uint40 deadline)");
    uint256 private constant REGISTRATION_LENGTH = 85;
    uint256 private constant LINK_LENGTH = 64;

    struct Merge {
        bytes32 into;
        uint40 closesAt;
    }

    mapping(bytes32 id => CustomerWord word) private _words;
    mapping(bytes32 cid => Merge) private _merges;
    /// @dev How many profiles lead to this one; while there are any it leads nowhere itself.
    mapping(bytes32 cid => uint256 count) private _mergedInto;

    /// @inheritdoc ICustomerRegistry
    function register(
        Registration calldata registration,
        address attestor,
        bytes calldata signature
    ) external returns (bytes32 cid) {
        _requireInTime(registration.deadline);
        _requireAttestor(registration.scope, attestor, registration.level);
        _requireSignature(
            attestor, keccak256(abi.encode(REGISTRATION_TYPEHASH, registration)), signature
        );

        cid = idOf(registration.scope, registration.tag);
        CustomerStatus known = _words[cid].status();
        if (known != CustomerStatus.None) revert CustomerKnown(cid, known);

        _register(
            cid, registration.scope, registration.root, registration.controller, registration.level
        );
    }

    /// @inheritdoc ICustomerRegistry
    function registerMany(
        uint24 scope,
        bytes calldata records,
        uint40 deadline,
        address attestor,
        bytes calldata signature
    ) external {
        _requireRecords(records, REGISTRATION_LENGTH);
        _requireInTime(deadline);
        _requireSignature(
            attestor,
            keccak256(abi.encode(REGISTRATION_BATCH_TYPEHASH, scope, keccak256(records), deadline)),
            signature
        );
        uint8 highest = _requireAttestor(scope, attestor, 0);

        for (uint256 start = 0; start < records.length; start += REGISTRATION_LENGTH) {
            uint8 level = uint8(records[start + 84]);
            if (level > highest) revert AttestorInvalid(scope, attestor, level);
            bytes32 cid = idOf(scope, bytes32(records[start:start + 32]));
            if (_words[cid].isEmpty()) {
                _register(
                    cid,
                    scope,
                    bytes32(records[start + 32:start + 64]),
                    address(bytes20(records[start + 64:start + 84])),
                    level
                );
            } else {
                emit RecordSkipped(cid);
            }
        }
    }

    /// @inheritdoc ICustomerRegistry
    function registerSelf(uint24 scope, bytes32 salt, bytes32 root) external returns (bytes32 cid) {
        _requireSelfRegistration(scope);
        cid = idOf(scope, keccak256(abi.encode(msg.sender, salt)));
        CustomerStatus known = _words[cid].status();
        if (known != CustomerStatus.None) revert CustomerKnown(cid, known);

        _register(cid, scope, root, msg.sender, 0);
    }

    /// @inheritdoc ICustomerRegistry
    function linkTag(TagLink calldata link, address attestor, bytes calldata signature)
        external
        returns (bytes32 id)
    {
        Customer memory customer = _requireActive(link.cid);
        _requireEpoch(link.cid, link.epoch, customer.epoch);
        _requireInTime(link.deadline);
        _requireAttestor(customer.scope, attestor, 0);
        _requireSignature(attestor, keccak256(abi.encode(TAG_LINK_TYPEHASH, link)), signature);
        id = idOf(customer.scope, link.tag);
        CustomerStatus known = _words[id].status();
        if (known != CustomerStatus.None) revert CustomerKnown(id, known);

        _link(id, link.cid);
    }

    /// @inheritdoc ICustomerRegistry
    function linkMany(
        uint24 scope,
        bytes calldata records,
        uint40 deadline,
        address attestor,
        bytes calldata signature
    ) external {
        _requireRecords(records, LINK_LENGTH);
        _requireInTime(deadline);
        _requireAttestor(scope, attestor, 0);
        _requireSignature(
            attestor,
            keccak256(abi.encode(TAG_LINK_BATCH_TYPEHASH, scope, keccak256(records), deadline)),
            signature
        );

        for (uint256 start = 0; start < records.length; start += LINK_LENGTH) {
            bytes32 id = idOf(scope, bytes32(records[start:start + 32]));
            bytes32 cid = bytes32(records[start + 32:start + 64]);
            Customer memory customer = _words[cid].unpack();
            bool active = customer.status == CustomerStatus.Active && customer.scope == scope;
            if (active && _words[id].isEmpty()) _link(id, cid);
            else emit RecordSkipped(id);
        }
    }

    /// @inheritdoc ICustomerRegistry
    function merge(MergeIntent calldata intent, Approval[] calldata approvals) external {
        Customer memory from = _requireActive(intent.from);
        Customer memory into = _requireActive(intent.into);
        bool leadsElsewhere = intent.from == intent.into || from.scope != into.scope;
        if (leadsElsewhere || _mergedInto[intent.from] != 0) {
            revert MergeInvalid(intent.from, intent.into);
        }
        _requireEpoch(intent.from, intent.fromEpoch, from.epoch);
        _requireEpoch(intent.into, intent.intoEpoch, into.epoch);

        bytes32 structHash = keccak256(abi.encode(MERGE_TYPEHASH, intent));
        _useApprovals(structHash, intent.nonce, intent.deadline, approvals);
        if (!_areSigners(approvals, from.controller, into.controller)) {
            _requireQuorum(from.scope, approvals);
        }

        from.status = CustomerStatus.Merged;
        _store(intent.from, from);
        _merges[intent.from] = Merge(intent.into, _afterDelay(from.scope, 2));
        ++_mergedInto[intent.into];

        emit CustomersMerged(intent.from, intent.into);
    }

    /// @inheritdoc ICustomerRegistry
    function unmerge(UnmergeIntent calldata intent, Approval[] calldata approvals) external {
        Customer memory from = _words[intent.from].unpack();
        if (from.status != CustomerStatus.Merged) {
            revert CustomerNotActive(intent.from, from.status);
        }
        Merge memory merged = _merges[intent.from];
        Customer memory into = _words[merged.into].unpack();
        if (into.status != CustomerStatus.Erased && block.timestamp >= merged.closesAt) {
            revert MergeWindowClosed(intent.from, merged.closesAt);
        }

        bytes32 structHash = keccak256(abi.encode(UNMERGE_TYPEHASH, intent));
        _useApprovals(structHash, intent.nonce, intent.deadline, approvals);
        bool byEither = _areSigners(approvals, from.controller, from.controller)
            || _areSigners(approvals, into.controller, into.controller);
        if (!byEither) _requireQuorum(from.scope, approvals);

        from.status = CustomerStatus.Active;
        _store(intent.from, from);
        _endMerge(intent.from);
    }

    /// @inheritdoc ICustomerRegistry
    function resolve(bytes32 id) external view returns (bytes32 cid) {
        CustomerWord word = _words[id];
        if (word.isEmpty()) return 0;
        cid = word.status() == CustomerStatus.Linked ? word.target() : id;
        if (_words[cid].status() == CustomerStatus.Merged) cid = _merges[cid].into;
    }

    /// @inheritdoc ICustomerRegistry
    function customerOf(bytes32 cid) external view returns (Customer memory) {
        return _words[cid].unpack();
    }

    /// @inheritdoc ICustomerRegistry
    function controllerOf(bytes32 cid) external view returns (address) {
        return _words[cid].unpack().controller;
    }

    /// @inheritdoc ICustomerRegistry
    function mergeOf(bytes32 cid) external view returns (bytes32 into, uint40 closesAt) {
        return (_merges[cid].into, _merges[cid].closesAt);
    }

    /// @inheritdoc ICustomerRegistry
    function idOf(uint256 scope, bytes32 tag) public view returns (bytes32 id) {
        bytes32 whole = keccak256(abi.encode(ID_DOMAIN, block.chainid, address(this), scope, tag));
        return whole & ~bytes32(uint256(0xff));
    }

    /// @dev A profile that a key speaks for; merged or not.
    function _requireLive(bytes32 cid) internal view returns (Customer memory customer) {
        customer = _words[cid].unpack();
        if (customer.controller == address(0)) revert CustomerNotActive(cid, customer.status);
    }

    function _requireEpoch(bytes32 cid, uint16 signed, uint16 current) internal pure {
        if (signed != current) revert EpochStale(cid, signed, current);
    }

    function _store(bytes32 cid, Customer memory customer) internal {
        _words[cid] = CustomerWordLibrary.pack(customer);
    }

    /// @dev Leaves a tombstone, which nothing ever replaces.
    function _bury(bytes32 cid, Customer memory customer) internal {
        if (customer.status == CustomerStatus.Merged) _endMerge(cid);
        customer.status = CustomerStatus.Erased;
        customer.controller = address(0);
        ++customer.epoch;
        _store(cid, customer);
    }

    function _register(bytes32 cid, uint24 scope, bytes32 root, address controller, uint8 level)
        private
    {
        if (controller == address(0)) revert ControllerZero();

        _words[cid] = CustomerWordLibrary.pack(
            Customer(controller, uint40(block.timestamp), scope, 0, level, CustomerStatus.Active)
        );

        emit CustomerRegistered(cid, root, controller, level);
    }

    function _link(bytes32 id, bytes32 cid) private {
        _words[id] = CustomerWordLibrary.packLink(cid);

        emit TagLinked(id, cid);
    }

    function _endMerge(bytes32 from) private {
        bytes32 into = _merges[from].into;
        delete _merges[from];
        --_mergedInto[into];

        emit CustomersUnmerged(from, into);
    }

    function _requireActive(bytes32 cid) private view returns (Customer memory customer) {
        customer = _words[cid].unpack();
        if (customer.status != CustomerStatus.Active) {
            revert CustomerNotActive(cid, customer.status);
        }
    }

    /// @dev Whether exactly these two signed; once, if they are one.
    function _areSigners(Approval[] calldata approvals, address first, address second)
        private
        pure
        returns (bool)
    {
        if (first > second) (first, second) = (second, first);
        if (first == second) return approvals.length == 1 && approvals[0].signer == first;
        return
            approvals.length == 2 && approvals[0].signer == first && approvals[1].signer == second;
    }

    function _requireRecords(bytes calldata records, uint256 length) private pure {
        if (records.length == 0 || records.length % length != 0) {
            revert BatchMalformed(records.length, length);
        }
    }
}
