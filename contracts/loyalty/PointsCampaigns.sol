// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {Coupon, Drop, IPointsCampaigns} from "./IPointsCampaigns.sol";
import {PointsNetwork} from "./PointsNetwork.sol";
import {EpochRing, EpochRingLibrary} from "./types/EpochRing.sol";
import {ProgramSettings} from "./types/ProgramSettings.sol";

/// @title Points that customers collect
/// @notice See {IPointsCampaigns}.
abstract contract PointsCampaigns is PointsNetwork, IPointsCampaigns {
    struct CouponKey {
        address key;
        uint40 budget;
    }

    /// @dev The ids of 256 coupons; a set bit is one that was claimed or cancelled.
    struct CouponWord {
        uint256 bits;
    }

    bytes32 private constant COUPON_TYPEHASH = keccak256(
        "Coupon(uint256 program,address to,uint48 points,uint48 orderId,uint16 issued,bool reversible,uint48 validAfter,uint48 deadline,bytes32 campaign,bytes32 termsHash)"
    );

    uint256 private _dropCount;
    mapping(uint256 program => CouponKey terms) private _couponKeys;
    mapping(uint256 program => mapping(uint256 word => CouponWord coupons)) private _coupons;
    mapping(uint256 drop => Drop terms) private _drops;
    mapping(uint256 drop => mapping(uint256 word => uint256 bits)) private _claims;

    /// @inheritdoc IPointsCampaigns
    function setCouponKey(uint256 program, address key, uint40 budget)
        external
        onlyProgramOwner(program)
    {
        if (budget > ProgramSettings.COUPON_POINTS_MAX) {
            revert CouponBudgetOutOfRange(budget);
        }

        _couponKeys[program] = CouponKey(key, budget);

        emit CouponKeySet(program, key, budget);
    }

    /// @inheritdoc IPointsCampaigns
    function claimCoupon(Coupon calldata coupon, bytes calldata signature) external {
        if (block.timestamp < coupon.validAfter) {
            revert CouponTooEarly(coupon.validAfter, block.timestamp);
        }
        if (block.timestamp > coupon.deadline) {
            revert CouponExpired(coupon.deadline, block.timestamp);
        }
        CouponKey memory terms = _couponKeys[coupon.program];
        bytes32 digest = _hashTypedDataV4(_couponHash(coupon));
        if (!_isSignedBy(terms.key, digest, signature)) {
            revert CouponSignatureInvalid(terms.key, digest);
        }

        _useCoupon(coupon.program, coupon.orderId);
        EpochRing supply = _couponSupply(coupon.program, coupon.points, terms.budget);
        uint256 latest = ProgramSettings.issued(supply);
        if (coupon.issued > latest) revert CouponIssuedTooLate(coupon.issued, latest);
        _mintIssued(coupon.to, coupon.program, supply, coupon.points, coupon.issued);
        if (coupon.reversible) {
            bytes32 record = keccak256(abi.encodePacked(coupon.to, coupon.points));
            _storeBatch(coupon.program, bytes32(uint256(coupon.orderId)), record, coupon.issued);
        }

        emit CouponClaimed(coupon.program, coupon.campaign, coupon.to, coupon.orderId);
    }

    /// @inheritdoc IPointsCampaigns
    function cancelCoupon(uint256 program, uint48 orderId) external {
        _requireIssuer(program);

        _useCoupon(program, orderId);

        emit CouponCancelled(program, orderId);
    }

    /// @inheritdoc IPointsCampaigns
    function createDrop(
        uint256 program,
        bytes32 root,
        uint48 points,
        uint48 deadline,
        bytes32 campaign
    ) external returns (uint256 drop) {
        _spendBudget(program, points);

        drop = ++_dropCount;
        uint256 issued = ProgramSettings.issued(_supplyAt(program, currentEpoch()));
        _drops[drop] = Drop(root, uint96(program), points, uint16(issued), deadline);

        emit DropCreated(drop, program, campaign, root);
    }

    /// @inheritdoc IPointsCampaigns
    function claimDrop(
        uint256 drop,
        uint256 index,
        address to,
        uint48 points,
        bytes32[] calldata proof
    ) external {
        Drop storage terms = _drops[drop];
        if (block.timestamp > terms.deadline) {
            revert DropExpired(drop, terms.deadline, block.timestamp);
        }
        if (isDropClaimed(drop, index)) revert DropClaimedBefore(drop, index);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(index, to, points))));
        if (!MerkleProof.verifyCalldata(proof, terms.root, leaf)) {
            revert DropProofInvalid(drop, index);
        }
        if (points > terms.left) revert DropExhausted(drop, points, terms.left);

        _claims[drop][index >> 8] |= 1 << (index & 0xff);
        terms.left -= points;
        uint256 program = terms.program;
        _mintIssued(to, program, _supplyAt(program, currentEpoch()), points, terms.issued);

        emit DropClaimed(drop, index, to);
    }

    /// @inheritdoc IPointsCampaigns
    function couponKeyOf(uint256 program)
        external
        view
        returns (address key, uint40 budget, uint40 used)
    {
        CouponKey memory terms = _couponKeys[program];
        uint256 given = ProgramSettings.couponPoints(_supplyAt(program, currentEpoch()));
        return (terms.key, terms.budget, uint40(given));
    }

    /// @inheritdoc IPointsCampaigns
    function isCouponUsed(uint256 program, uint48 orderId) external view returns (bool) {
        return _coupons[program][orderId >> 8].bits >> (orderId & 0xff) & 1 != 0;
    }

    /// @inheritdoc IPointsCampaigns
    function dropOf(uint256 drop) external view returns (Drop memory) {
        return _drops[drop];
    }

    /// @inheritdoc IPointsCampaigns
    function isDropClaimed(uint256 drop, uint256 index) public view returns (bool) {
        return _claims[drop][index >> 8] >> (index & 0xff) & 1 != 0;
    }

    function _storeBatch(uint256 program, bytes32 batchId, bytes32 recordsHash, uint256 issued)
        internal
        virtual;

    function _useCoupon(uint256 program, uint48 orderId) private {
        CouponWord storage coupons = _coupons[program][orderId >> 8];
        uint256 bit = 1 << (orderId & 0xff);
        if (coupons.bits & bit != 0) revert CouponUsed(program, orderId);

        coupons.bits |= bit;
    }

    /// @dev hashStruct of a `Coupon`, its ten words copied as they came: one with a value that does
    /// not fit its type was signed by nobody.
    function _couponHash(Coupon calldata coupon) private pure returns (bytes32 structHash) {
        bytes32 typeHash = COUPON_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), coupon, 0x140)
            structHash := keccak256(free, 0x160)
        }
    }

    /// @dev The program's ring with the coupon's points booked on the key's budget of this epoch.
    function _couponSupply(uint256 program, uint256 points, uint256 budget)
        private
        view
        returns (EpochRing supply)
    {
        supply = _supplyAt(program, currentEpoch());
        uint256 given = ProgramSettings.couponPoints(supply);
        if (given + points > budget) {
            uint256 left = budget > given ? budget - given : 0;
            revert CouponBudgetExceeded(program, points, left);
        }
        return ProgramSettings.withCouponPoints(supply, given + points);
    }

    /// @dev New points in the lane of an epoch that is alive.
    function _mintIssued(
        address to,
        uint256 program,
        EpochRing supply,
        uint256 points,
        uint256 issued
    ) private {
        uint256 amounts = EpochRingLibrary.requireFits(points)
            << EpochRingLibrary.laneShift(issued, supply.epoch());
        _mintAt(to, program, _programs[program], supply, points, amounts);
    }
}
