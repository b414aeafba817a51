// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Points promised to one customer, signed by the program's coupon key (EIP-712).
/// @param orderId Sequential number given by the merchant; a coupon's nonce in the program.
/// @param issued Epoch in which the points count as issued: claiming late gains no life.
/// @param reversible Whether the claim is stored as a batch of one record, named after the order
/// id, so that `reverseAward` can open it.
/// @param validAfter First second in which the coupon can be claimed; later than the return window
/// for points of a purchase that may be returned.
/// @param campaign What the points are for; keccak256 of the campaign's definition.
/// @param termsHash Legal terms under which they are given; zero for none.
struct Coupon {
    uint256 program;
    address to;
    uint48 points;
    uint48 orderId;
    uint16 issued;
    bool reversible;
    uint48 validAfter;
    uint48 deadline;
    bytes32 campaign;
    bytes32 termsHash;
}

/// @notice Points for everyone named in a Merkle tree.
/// @param root Root over the leaves keccak256(keccak256(abi.encode(index, to, points))),
/// commutative node hashes (OpenZeppelin's standard tree).
/// @param program Program whose points are given.
/// @param left Units not claimed yet.
/// @param issued Epoch in which the points count as issued.
/// @param deadline Last second in which they can be claimed.
struct Drop {
    bytes32 root;
    uint96 program;
    uint48 left;
    uint16 issued;
    uint48 deadline;
}

/// @title Points that customers collect
/// @notice Coupons and drops carry the epoch of their issue, so collecting late gains no life.
interface IPointsCampaigns {
    event CouponKeySet(uint256 indexed program, address indexed key, uint40 budget);
    event CouponClaimed(
        uint256 indexed program, bytes32 indexed campaign, address indexed to, uint48 orderId
    );
    event CouponCancelled(uint256 indexed program, uint48 indexed orderId);
    event DropCreated(
        uint256 indexed drop, uint256 indexed program, bytes32 indexed campaign, bytes32 root
    );
    event DropClaimed(uint256 indexed drop, uint256 indexed index, address indexed to);

    error CouponTooEarly(uint256 validAfter, uint256 timestamp);
    error CouponExpired(uint256 deadline, uint256 timestamp);
    error CouponUsed(uint256 program, uint48 orderId);
    error CouponSignatureInvalid(address key, bytes32 digest);
    error CouponBudgetExceeded(uint256 program, uint256 points, uint256 left);
    error CouponBudgetOutOfRange(uint40 budget);
    error CouponIssuedTooLate(uint256 issued, uint256 latest);
    error DropExpired(uint256 drop, uint256 deadline, uint256 timestamp);
    error DropClaimedBefore(uint256 drop, uint256 index);
    error DropProofInvalid(uint256 drop, uint256 index);
    error DropExhausted(uint256 drop, uint256 points, uint256 left);

    /// @notice Names the key that signs the program's coupons, and what it may give per epoch.
    /// @param key Zero for none.
    /// @param budget Units per epoch, below 2^34.
    function setCouponKey(uint256 program, address key, uint40 budget) external;

    /// @notice Gives the coupon's points to its customer, whoever submits it.
    function claimCoupon(Coupon calldata coupon, bytes calldata signature) external;

    /// @notice Voids a coupon that was not claimed, as when a purchase is returned. The caller is
    /// an issuer of the program.
    function cancelCoupon(uint256 program, uint48 orderId) external;

    /// @notice Sets up a drop of `points` units in all, booked on the caller's budget now.
    function createDrop(
        uint256 program,
        bytes32 root,
        uint48 points,
        uint48 deadline,
        bytes32 campaign
    ) external returns (uint256 drop);

    /// @notice Gives leaf `index` of the drop to its customer, whoever submits it.
    function claimDrop(
        uint256 drop,
        uint256 index,
        address to,
        uint48 points,
        bytes32[] calldata proof
    ) external;

    /// @notice The key that signs the program's coupons, what it may give per epoch, and what was
    /// claimed of that in this one.
    function couponKeyOf(uint256 program)
        external
        view
        returns (address key, uint40 budget, uint40 used);

    function isCouponUsed(uint256 program, uint48 orderId) external view returns (bool);
    function dropOf(uint256 drop) external view returns (Drop memory);
    function isDropClaimed(uint256 drop, uint256 index) external view returns (bool);
}
