// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Coupon} from "../../contracts/loyalty/IPointsCampaigns.sol";
import {RedeemIntent, TransferIntent} from "../../contracts/loyalty/IPointsHub.sol";
import {ExchangeIntent} from "../../contracts/loyalty/IPointsNetwork.sol";
import {vm} from "./Vm.sol";

function domainSeparator(uint256 chainId, address hub) pure returns (bytes32) {
    return keccak256(
        abi.encode(
            keccak256(
                "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
            ),
            keccak256("PointsHub"),
            keccak256("1"),
            chainId,
            hub
        )
    );
}

function signIntent(uint256 key, bytes32 domain, bytes32 structHash) pure returns (bytes memory) {
    bytes32 digest = keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
    return abi.encodePacked(r, s, v);
}

function transferHash(TransferIntent memory intent) pure returns (bytes32) {
    return keccak256(
        abi.encode(
            keccak256(
                "TransferIntent(uint256 program,address from,address to,uint48 points,uint256 nonce,uint40 deadline)"
            ),
            intent
        )
    );
}

function redeemHash(RedeemIntent memory intent) pure returns (bytes32) {
    return keccak256(
        abi.encode(
            keccak256(
                "RedeemIntent(uint256 program,uint256 merchant,bytes32 termsHash,address from,uint48 points,uint48 orderId,uint40 deadline)"
            ),
            intent
        )
    );
}

function exchangeHash(ExchangeIntent memory intent) pure returns (bytes32) {
    return keccak256(
        abi.encode(
            keccak256(
                "ExchangeIntent(uint256 program,uint256 toProgram,address from,uint48 points,uint48 minPoints,bytes32 termsHash,uint256 nonce,uint40 deadline)"
            ),
            intent
        )
    );
}

function couponHash(Coupon memory coupon) pure returns (bytes32) {
    return keccak256(
        abi.encode(
            keccak256(
                "Coupon(uint256 program,address to,uint48 points,uint48 orderId,uint16 issued,bool reversible,uint48 validAfter,uint48 deadline,bytes32 campaign,bytes32 termsHash)"
            ),
            coupon
        )
    );
}
