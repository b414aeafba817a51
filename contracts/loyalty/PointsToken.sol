// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IPointsHub} from "./IPointsHub.sol";
import {IPointsToken} from "./IPointsToken.sol";
import {PointsTokenFactory} from "./PointsTokenFactory.sol";
import {EpochRingLibrary} from "./types/EpochRing.sol";

/// @title The ERC-20 face of one program
/// @notice See {IPointsToken}.
contract PointsToken is IPointsToken, IERC20Errors, EIP712, Nonces {
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    /// @inheritdoc IPointsToken
    IPointsHub public immutable HUB;
    /// @inheritdoc IPointsToken
    uint256 public immutable PROGRAM;

    mapping(address owner => mapping(address spender => uint256 value)) private _allowances;

    constructor() EIP712("PointsToken", "1") {
        HUB = IPointsHub(PointsTokenFactory(msg.sender).HUB());
        PROGRAM = PointsTokenFactory(msg.sender).program();
    }

    /// @inheritdoc IPointsToken
    function emitTransfer(address from, address to, uint256 value) external {
        if (msg.sender != address(HUB)) revert TokenHubOnly(msg.sender);

        emit Transfer(from, to, value);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        _transfer(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        _spendAllowance(from, msg.sender, value);
        _transfer(from, to, value);
        return true;
    }

    function transferAtEpoch(uint256 epoch, address to, uint256 value) external returns (bool) {
        _transferAtEpoch(epoch, msg.sender, to, value);
        return true;
    }

    function transferFromAtEpoch(uint256 epoch, address from, address to, uint256 value)
        external
        returns (bool)
    {
        _spendAllowance(from, msg.sender, value);
        _transferAtEpoch(epoch, from, to, value);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        _approve(msg.sender, spender, value);
        return true;
    }

    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (block.timestamp > deadline) revert PermitExpired(deadline, block.timestamp);
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, owner, spender, value, _useNonce(owner), deadline)
        );
        bytes32 digest = _hashTypedDataV4(structHash);
        (address signer,,) = ECDSA.tryRecover(digest, v, r, s);
        if (signer == address(0) || signer != owner) revert PermitSignatureInvalid(owner, digest);

        _approve(owner, spender, value);
    }

    function name() external view returns (string memory) {
        return HUB.name(PROGRAM);
    }

    function symbol() external view returns (string memory) {
        return HUB.symbol(PROGRAM);
    }

    function decimals() external view returns (uint8) {
        return HUB.decimals(PROGRAM);
    }

    function totalSupply() external view returns (uint256) {
        return HUB.totalSupply(PROGRAM);
    }

    function allowance(address owner, address spender) external view returns (uint256) {
        return _allowances[owner][spender];
    }

    function balanceOfAtEpoch(uint256 epoch, address account) external view returns (uint256) {
        return HUB.balanceOfAtEpoch(PROGRAM, epoch, account);
    }

    function currentEpoch() external view returns (uint256) {
        return HUB.currentEpoch();
    }

    function epochLength() external view returns (uint256) {
        return HUB.EPOCH_LENGTH();
    }

    function epochType() external pure returns (EPOCH_TYPE) {
        return EPOCH_TYPE.TIME_BASED;
    }

    function validityDuration() external pure returns (uint256) {
        return EpochRingLibrary.LANE_COUNT;
    }

    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function isEpochExpired(uint256 epoch) public view returns (bool) {
        uint256 current = HUB.currentEpoch();
        return epoch < current && current - epoch >= EpochRingLibrary.LANE_COUNT;
    }

    function balanceOf(address account) public view returns (uint256) {
        return HUB.balanceOf(account, PROGRAM);
    }

    function nonces(address owner) public view override(IERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _transfer(address from, address to, uint256 value) internal {
        if (from == address(0)) revert ERC20InvalidSender(address(0));
        if (to == address(0)) revert ERC20InvalidReceiver(address(0));
        _update(from, to, value);
    }

    /// @dev The hub judges the balance; its refusal is put into the words of ERC-6093.
    function _update(address from, address to, uint256 value) internal {
        try HUB.tokenTransfer(PROGRAM, from, to, value) {
            emit Transfer(from, to, value);
        } catch (bytes memory reason) {
            uint256 balance = balanceOf(from);
            if (balance < value) revert ERC20InsufficientBalance(from, balance, value);
            _bubble(reason);
        }
    }

    function _transferAtEpoch(uint256 epoch, address from, address to, uint256 value) internal {
        if (to == address(0)) revert ERC20InvalidReceiver(address(0));
        if (isEpochExpired(epoch)) revert ERC7818TransferredExpiredToken(from, epoch);
        uint256 balance = HUB.balanceOfAtEpoch(PROGRAM, epoch, from);
        if (balance < value) revert ERC20InsufficientBalance(from, balance, value);

        HUB.tokenTransferAtEpoch(PROGRAM, epoch, from, to, value);
        emit Transfer(from, to, value);
    }

    function _approve(address owner, address spender, uint256 value) internal {
        if (owner == address(0)) revert ERC20InvalidApprover(address(0));
        if (spender == address(0)) revert ERC20InvalidSpender(address(0));

        _allowances[owner][spender] = value;

        emit Approval(owner, spender, value);
    }

    /// @dev An allowance of 2^256 - 1 is infinite and is not written.
    function _spendAllowance(address owner, address spender, uint256 value) internal {
        uint256 current = _allowances[owner][spender];
        if (current == type(uint256).max) return;
        if (current < value) revert ERC20InsufficientAllowance(spender, current, value);

        unchecked {
            _allowances[owner][spender] = current - value;
        }
    }

    function _bubble(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
