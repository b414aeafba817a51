// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC6909Metadata} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IPointsHub, Issuer, Program, ProgramConfig} from "./IPointsHub.sol";
import {PointsTokenFactory} from "./PointsTokenFactory.sol";
import {EpochRing, EpochRingLibrary} from "./types/EpochRing.sol";
import {ProgramSettings} from "./types/ProgramSettings.sol";

/// @title Who runs which program, and by which rules
abstract contract PointsPrograms is IPointsHub {
    /// @dev A program's rarely read half; what every award needs rides in its supply ring.
    struct ProgramRecord {
        /// Outstanding points by age, with the settings of `ProgramSettings` in the extra bits.
        EpochRing supply;
        address owner;
        uint48 cap;
        address pendingOwner;
        uint40[] tiers;
        string name;
        string symbol;
    }

    uint48 internal constant UNLIMITED = type(uint48).max;
    uint256 internal constant TIERS_MAX = 6;
    uint256 private constant EPOCH_LENGTH_MIN = 60;
    /// @dev Notices of one epoch are added to 40-bit times.
    uint256 private constant EPOCH_LENGTH_MAX = type(uint32).max;

    /// @inheritdoc IPointsHub
    uint256 public immutable GENESIS;
    /// @inheritdoc IPointsHub
    uint256 public immutable EPOCH_LENGTH;
    PointsTokenFactory internal immutable TOKEN_FACTORY;
    bytes32 private immutable TOKEN_CODE_HASH;

    /// @inheritdoc IPointsHub
    uint256 public programCount;
    mapping(uint256 program => ProgramRecord record) internal _programs;
    mapping(uint256 program => mapping(address issuer => Issuer terms)) private _issuers;

    modifier onlyProgramOwner(uint256 program) {
        _requireOwner(program);
        _;
    }

    constructor(uint256 genesis, uint256 epochLength) {
        if (genesis > block.timestamp) revert HubGenesisInFuture(genesis, block.timestamp);
        if (epochLength < EPOCH_LENGTH_MIN) revert HubEpochTooShort(epochLength, EPOCH_LENGTH_MIN);
        if (epochLength > EPOCH_LENGTH_MAX) revert HubEpochTooLong(epochLength, EPOCH_LENGTH_MAX);

        GENESIS = genesis;
        EPOCH_LENGTH = epochLength;
        TOKEN_FACTORY = new PointsTokenFactory();
        TOKEN_CODE_HASH = TOKEN_FACTORY.CODE_HASH();
    }

    /// @inheritdoc IPointsHub
    function createProgram(ProgramConfig calldata config) external returns (uint256 program) {
        if (bytes(config.name).length == 0 || bytes(config.symbol).length == 0) {
            revert ProgramNameEmpty();
        }

        program = ++programCount << 1 | (config.hasToken ? 1 : 0);
        ProgramRecord storage record = _programs[program];
        record.owner = msg.sender;
        record.name = config.name;
        record.symbol = config.symbol;
        emit ProgramCreated(program, msg.sender, config.name, config.symbol);
        emit ProgramOwnershipTransferred(program, address(0), msg.sender);
        _setValidity(program, config.validity);
        _setCap(program, config.cap);
        _setTiers(program, config.tiers);

        if (config.hasToken) TOKEN_FACTORY.deploy(program);
    }

    /// @inheritdoc IPointsHub
    function transferProgramOwnership(uint256 program, address to)
        external
        onlyProgramOwner(program)
    {
        _programs[program].pendingOwner = to;

        emit ProgramOwnershipOffered(program, msg.sender, to);
    }

    /// @inheritdoc IPointsHub
    function acceptProgramOwnership(uint256 program) external {
        ProgramRecord storage record = _programs[program];
        if (msg.sender != record.pendingOwner) revert ProgramPendingOwnerOnly(program, msg.sender);

        address former = record.owner;
        record.owner = msg.sender;
        record.pendingOwner = address(0);

        emit ProgramOwnershipTransferred(program, former, msg.sender);
    }

    /// @inheritdoc IPointsHub
    function setIssuer(uint256 program, address issuer, uint48 budget)
        external
        onlyProgramOwner(program)
    {
        if (issuer == address(0)) revert IssuerInvalid(issuer);

        // What was used in this epoch stays counted, so a budget can not be spent twice.
        _issuers[program][issuer].budget = budget;

        emit IssuerSet(program, issuer, budget);
    }

    /// @inheritdoc IPointsHub
    function setValidity(uint256 program, uint8 validity) external onlyProgramOwner(program) {
        _setValidity(program, validity);
    }

    /// @inheritdoc IPointsHub
    function setCap(uint256 program, uint48 cap) external onlyProgramOwner(program) {
        _setCap(program, cap);
    }

    /// @inheritdoc IPointsHub
    function setTiers(uint256 program, uint40[] calldata tiers) external onlyProgramOwner(program) {
        _setTiers(program, tiers);
    }

    /// @inheritdoc IPointsHub
    function programOf(uint256 program) external view returns (Program memory) {
        ProgramRecord storage record = _requireProgram(program);
        return Program({
            name: record.name,
            symbol: record.symbol,
            owner: record.owner,
            pendingOwner: record.pendingOwner,
            token: tokenOf(program),
            validity: uint8(ProgramSettings.validity(record.supply)),
            cap: record.cap,
            tiers: record.tiers
        });
    }

    /// @inheritdoc IPointsHub
    function programOwnerOf(uint256 program) external view returns (address) {
        return _requireProgram(program).owner;
    }

    /// @inheritdoc IPointsHub
    function issuerOf(uint256 program, address issuer) external view returns (Issuer memory) {
        return _issuers[program][issuer];
    }

    /// @inheritdoc IERC6909Metadata
    function name(uint256 program) external view returns (string memory) {
        return _requireProgram(program).name;
    }

    /// @inheritdoc IERC6909Metadata
    function symbol(uint256 program) external view returns (string memory) {
        return _requireProgram(program).symbol;
    }

    /// @inheritdoc IERC6909Metadata
    function decimals(uint256) external pure returns (uint8) {
        return 2;
    }

    /// @inheritdoc IPointsHub
    function tokenOf(uint256 program) public view returns (address) {
        if (program & 1 == 0) return address(0);
        bytes32 salt = bytes32(program);
        return address(
            uint160(
                uint256(
                    keccak256(abi.encodePacked(bytes1(0xff), TOKEN_FACTORY, salt, TOKEN_CODE_HASH))
                )
            )
        );
    }

    /// @inheritdoc IPointsHub
    function currentEpoch() public view returns (uint256) {
        unchecked {
            uint256 elapsed = (block.timestamp - GENESIS) / EPOCH_LENGTH;
            uint256 epoch = elapsed + EpochRingLibrary.LANE_COUNT;
            return epoch < EpochRingLibrary.EPOCH_MAX ? epoch : EpochRingLibrary.EPOCH_MAX;
        }
    }

    /// @dev Books `points` on the caller's budget of this epoch.
    function _spendBudget(uint256 program, uint256 points) internal {
        Issuer storage terms = _issuers[program][msg.sender];
        uint256 budget = terms.budget;
        if (budget == UNLIMITED) return;
        if (budget == 0) revert ProgramIssuerOnly(program, msg.sender);

        uint256 epoch = currentEpoch();
        uint256 used = terms.epoch == epoch ? terms.used : 0;
        if (used + points > budget) {
            // A budget that was cut may be below what was used before.
            uint256 left = budget > used ? budget - used : 0;
            revert BudgetExceeded(program, msg.sender, points, left);
        }
        (terms.used, terms.epoch) = (uint48(used + points), uint16(epoch));
    }

    function _requireIssuer(uint256 program) internal view {
        if (_issuers[program][msg.sender].budget == 0) {
            revert ProgramIssuerOnly(program, msg.sender);
        }
    }

    function _requireCap(uint256 program, uint256 outstanding) internal view {
        uint256 cap = _programs[program].cap;
        if (outstanding > cap) revert CapExceeded(program, outstanding, cap);
    }

    /// @dev The highest tier that `qualifying` units open, 0 for none.
    function _tierAt(uint256 program, uint256 qualifying) internal view returns (uint256 tier) {
        uint40[] storage tiers = _programs[program].tiers;
        uint256 count = tiers.length;
        while (tier < count && qualifying >= tiers[tier]) ++tier;
    }

    function _setValidity(uint256 program, uint8 validity) private {
        if (validity == 0 || validity > EpochRingLibrary.LANE_COUNT) {
            revert ValidityOutOfRange(validity);
        }

        ProgramRecord storage record = _programs[program];
        record.supply = ProgramSettings.withValidity(record.supply, validity);

        emit ValiditySet(program, validity);
    }

    function _setCap(uint256 program, uint48 cap) private {
        if (cap > EpochRingLibrary.POINTS_MAX) revert CapOutOfRange(cap);

        ProgramRecord storage record = _programs[program];
        record.cap = cap;
        uint256 floor = cap == 0 ? ProgramSettings.NO_CAP_FLOOR : Math.log2(cap);
        record.supply = ProgramSettings.withCapFloor(record.supply, floor);

        emit CapSet(program, cap);
    }

    function _setTiers(uint256 program, uint40[] calldata tiers) private {
        if (tiers.length > TIERS_MAX) revert TiersTooMany(tiers.length);
        uint256 previous = 0;
        for (uint256 i = 0; i < tiers.length; ++i) {
            if (tiers[i] <= previous) revert TiersNotRising(tiers);
            previous = tiers[i];
        }

        ProgramRecord storage record = _programs[program];
        record.tiers = tiers;
        uint256 floor = tiers.length == 0 ? ProgramSettings.NO_TIER_FLOOR : Math.log2(tiers[0]);
        record.supply = ProgramSettings.withTierFloor(record.supply, floor);

        emit TiersSet(program, tiers);
    }

    function _requireOwner(uint256 program) private view {
        if (msg.sender != _requireProgram(program).owner) {
            revert ProgramOwnerOnly(program, msg.sender);
        }
    }

    function _requireProgram(uint256 program) private view returns (ProgramRecord storage record) {
        record = _programs[program];
        if (record.owner == address(0)) revert ProgramUnknown(program);
    }
}
