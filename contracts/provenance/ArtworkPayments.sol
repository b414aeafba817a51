// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPointsHub} from "../loyalty/IPointsHub.sol";
import {ArtworkRecords} from "./ArtworkRecords.sol";
import {Currency, IArtworks} from "./IArtworks.sol";

/// @title Money of the gallery: currencies, payments, credits, fees, points
/// @notice See {IArtworks}.
/// @dev Receivers are pushed; who cannot be paid gets a credit, so nobody's wallet stops a sale.
/// The gas of a push is fixed and has to be there, so the sender of the transaction cannot make it
/// fail.
abstract contract ArtworkPayments is ArtworkRecords, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev Gas for the wallet that is paid in ether.
    uint256 internal constant PUSH_GAS = 50_000;
    /// @dev Besides that the call itself (a new account, value: 36,600), the 64th part that EIP-150
    /// withholds, and a credit if it fails.
    uint256 internal constant PUSH_GAS_LEFT = 180_000;
    uint256 internal constant POINTS_GAS = 200_000;
    /// @dev Besides that the call itself, and what EIP-150 withholds.
    uint256 internal constant POINTS_GAS_LEFT = 220_000;
    uint256 internal constant BPS = 10_000;
    uint256 private constant FEE_MAX_BPS = 1000;
    uint256 private constant CURRENCIES_MAX = 128;
    uint8 private constant EXPONENT_MAX = 18;
    uint8 private constant ETHER_EXPONENT = 9;
    uint8 internal constant ETHER = 0;

    /// @inheritdoc IArtworks
    uint16 public immutable FEE_BPS;
    IPointsHub internal immutable HUB;

    /// @inheritdoc IArtworks
    address public gallery;
    /// @inheritdoc IArtworks
    address public pendingGallery;
    /// @inheritdoc IArtworks
    uint256 public pointsProgram;
    /// @inheritdoc IArtworks
    uint8 public currencyCount;
    mapping(uint8 currency => Currency row) private _currencies;
    mapping(address account => mapping(address token => uint256 amount)) private _credits;
    mapping(address token => uint256 amount) private _liabilities;

    constructor(address gallery_, uint16 feeBps, IPointsHub hub) {
        if (feeBps > FEE_MAX_BPS) revert GalleryFeeTooHigh(feeBps);

        FEE_BPS = feeBps;
        HUB = hub;
        gallery = gallery_;
        _addCurrency(Currency(address(0), ETHER_EXPONENT, true, 0));

        emit GalleryChanged(address(0), gallery_);
    }

    modifier onlyGallery() {
        _requireGallery();
        _;
    }

    /// @inheritdoc IArtworks
    function withdraw(uint8 currency, address to) external nonReentrant {
        address token = _currency(currency).token;
        uint256 amount = _credits[msg.sender][token];
        if (amount == 0) revert CreditEmpty(msg.sender, currency);

        _credits[msg.sender][token] = 0;
        _liabilities[token] -= amount;

        emit CreditWithdrawn(msg.sender, currency, amount);

        _payAll(token, to, amount);
    }

    /// @inheritdoc IArtworks
    function addCurrency(address token, uint8 exponent, uint48 pointsPerMillion)
        external
        onlyGallery
        returns (uint8 currency)
    {
        if (token.code.length == 0 || exponent > EXPONENT_MAX) {
            revert CurrencyInvalid(token, exponent);
        }
        if (currencyCount == CURRENCIES_MAX) revert CurrencyTableFull();

        return _addCurrency(Currency(token, exponent, true, pointsPerMillion));
    }

    /// @inheritdoc IArtworks
    function setCurrency(uint8 currency, bool isEnabled, uint48 pointsPerMillion)
        external
        onlyGallery
    {
        Currency memory row = _currency(currency);

        (row.isEnabled, row.pointsPerMillion) = (isEnabled, pointsPerMillion);
        _currencies[currency] = row;

        emit CurrencySet(currency, row.token, row.exponent, isEnabled, pointsPerMillion);
    }

    /// @inheritdoc IArtworks
    function setPointsProgram(uint256 program) external onlyGallery {
        pointsProgram = program;

        emit PointsProgramSet(program);
    }

    /// @inheritdoc IArtworks
    function setBaseURI(string calldata baseURI) external onlyGallery {
        _uri = baseURI;

        emit ContractURIUpdated();
        emit BatchMetadataUpdate(0, type(uint256).max);
    }

    /// @inheritdoc IArtworks
    function sweep(uint8 currency, address to) external nonReentrant onlyGallery {
        address token = _currency(currency).token;
        uint256 amount = _holding(token) - _liabilities[token];

        emit FeesSwept(currency, to, amount);

        _payAll(token, to, amount);
    }

    /// @inheritdoc IArtworks
    function offerGallery(address to) external onlyGallery {
        // Zero takes an offer back.
        // slither-disable-next-line missing-zero-check
        pendingGallery = to;

        emit GalleryOffered(msg.sender, to);
    }

    /// @inheritdoc IArtworks
    function acceptGallery() external {
        if (msg.sender != pendingGallery) revert GalleryOnly(msg.sender);
        address from = gallery;

        (gallery, pendingGallery) = (msg.sender, address(0));

        emit GalleryChanged(from, msg.sender);
    }

    /// @inheritdoc IArtworks
    function currencyOf(uint8 currency) external view returns (Currency memory) {
        return _currency(currency);
    }

    /// @inheritdoc IArtworks
    function creditOf(address account, uint8 currency) external view returns (uint256) {
        return _credits[account][_currency(currency).token];
    }

    /// @inheritdoc IArtworks
    function liabilityOf(uint8 currency) external view returns (uint256) {
        return _liabilities[_currency(currency).token];
    }

    /// @inheritdoc IArtworks
    function contractURI() external view returns (string memory) {
        return string.concat(_uri, "contract.json");
    }

    /// @dev Takes `amount` from the caller into the contract.
    function _take(address token, uint256 amount) internal {
        _requireEther(token == address(0) ? amount : 0);
        if (token != address(0)) _draw(token, msg.sender, address(this), amount);
    }

    /// @dev Pays from `payer`, who may be the contract itself; a credit if `to` cannot be paid.
    function _pay(uint8 currency, address token, address payer, address to, uint256 amount)
        internal
    {
        if (amount == 0) return;
        if (token == address(0)) {
            if (!_pushEther(to, amount)) _credit(currency, token, to, amount);
        } else if (payer == address(this)) {
            if (!IERC20(token).trySafeTransfer(to, amount)) _credit(currency, token, to, amount);
        } else if (payer != to && !_tryDraw(token, payer, to, amount)) {
            _draw(token, payer, address(this), amount);
            _credit(currency, token, to, amount);
        }
    }

    function _credit(uint8 currency, address token, address account, uint256 amount) internal {
        _credits[account][token] += amount;
        _liabilities[token] += amount;

        emit PaymentCredited(account, currency, amount);
    }

    function _owe(address token, uint256 more, uint256 less) internal {
        _liabilities[token] = _liabilities[token] + more - less;
    }

    /// @dev The ledger of points gets a fixed amount of gas, which has to be there, so that nobody
    /// can keep them from the buyer; whatever it does, the sale stands.
    function _reward(uint256 id, address buyer, uint64 price, uint48 pointsPerMillion) internal {
        uint256 program = pointsPerMillion == 0 ? 0 : pointsProgram;
        uint256 points = uint256(price) * pointsPerMillion / 1_000_000;
        if (program == 0 || points == 0 || address(HUB).code.length == 0) return;

        if (points <= type(uint48).max) {
            _requireGas(POINTS_GAS_LEFT);
            // forgefmt: disable-next-item
            try HUB.award{gas: POINTS_GAS}(program, uint48(points), buyer) { return; } catch {}
        }
        emit PointsRefused(id, buyer, points);
    }

    // Called by payable functions of the market only.
    // slither-disable-next-line msg-value-in-nonpayable
    function _requireEther(uint256 wanted) internal view {
        if (msg.value != wanted) revert PaymentMismatch(msg.value, wanted);
    }

    function _currency(uint8 currency) internal view returns (Currency memory row) {
        row = _currencies[currency];
        // Ether alone has no address.
        if (row.token == address(0) && currency != ETHER) revert CurrencyUnknown(currency);
    }

    function _enabled(uint8 currency) internal view returns (Currency memory row) {
        row = _currency(currency);
        if (!row.isEnabled) revert CurrencyDisabled(currency);
    }

    function _amountOf(Currency memory row, uint64 price) internal pure returns (uint256) {
        return uint256(price) * 10 ** row.exponent;
    }

    function _addCurrency(Currency memory row) private returns (uint8 currency) {
        currency = currencyCount++;
        _currencies[currency] = row;

        emit CurrencySet(currency, row.token, row.exponent, row.isEnabled, row.pointsPerMillion);
    }

    /// @dev Nothing that the receiver returns is copied.
    function _pushEther(address to, uint256 amount) private returns (bool paid) {
        _requireGas(PUSH_GAS_LEFT);
        assembly ("memory-safe") {
            paid := call(PUSH_GAS, to, amount, 0, 0, 0, 0)
        }
    }

    /// @dev A coin that keeps a part is refused; one that refuses the receiver is not at fault.
    function _tryDraw(address token, address from, address to, uint256 amount)
        private
        returns (bool drawn)
    {
        uint256 before = IERC20(token).balanceOf(to);
        drawn = IERC20(token).trySafeTransferFrom(from, to, amount);
        if (drawn) _requireExact(token, to, before, amount);
    }

    function _draw(address token, address from, address to, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(to);
        // The payer is the caller, or signed the offer.
        // slither-disable-next-line arbitrary-send-erc20
        IERC20(token).safeTransferFrom(from, to, amount);
        _requireExact(token, to, before, amount);
    }

    function _payAll(address token, address to, uint256 amount) private {
        if (token != address(0)) {
            IERC20(token).safeTransfer(to, amount);
            return;
        }
        // The caller chose the receiver, and pays the gas.
        // slither-disable-next-line arbitrary-send-eth,low-level-calls
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert CreditRefused(to, amount);
    }

    function _requireGas(uint256 wanted) private view {
        if (gasleft() < wanted) revert PaymentGasTooLow(gasleft(), wanted);
    }

    function _requireGallery() private view {
        if (msg.sender != gallery) revert GalleryOnly(msg.sender);
    }

    function _requireExact(address token, address to, uint256 before, uint256 amount) private view {
        uint256 received = IERC20(token).balanceOf(to) - before;
        if (received != amount) revert PaymentInexact(token, amount, received);
    }

    function _holding(address token) private view returns (uint256) {
        return token == address(0) ? address(this).balance : IERC20(token).balanceOf(address(this));
    }
}
