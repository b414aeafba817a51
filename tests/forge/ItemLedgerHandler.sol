// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Commission,
    Handover,
    IItemLedger,
    ItemStep,
    TransformationInput,
    YieldFactor
} from "../../contracts/provenance/IItemLedger.sol";
import {Dice} from "./Dice.sol";
import {vm} from "./Vm.sol";

/// @title Random custodians, who pack, hand over and transform items, honestly or not
/// @notice Every action should succeed exactly if the books allow it, and is then booked; it takes
/// one random number and makes all its choices from it.
contract ItemLedgerHandler {
    uint256 public constant KEYS = 3;
    uint256 public constant CERTIFIERS = 2;
    bytes3 public constant KILOS = "KGM";
    bytes3 public constant LITRES = "LTR";
    uint256 private constant MOST = 60;
    uint256 private constant NONE = type(uint256).max;
    uint256 private constant HOUR = 3600;

    /// @param issuer Number of its key, as are custodian and certifier; certifier 0: nobody.
    /// @param parent Place of what it is packed in, or NONE.
    struct Book {
        uint256 id;
        uint256 issuer;
        uint256 custodian;
        uint256 step;
        uint256 level;
        uint256 parent;
        uint256 lastTime;
        uint256 quantity;
        bytes3 unit;
        uint256 certifier;
        bool isRetired;
        bool isRecalled;
    }

    /// @dev What was signed once, to be tried again.
    struct Signed {
        Handover handover;
        bytes fromSignature;
        bytes toSignature;
        uint256[] places;
        bool isGood;
    }

    IItemLedger public immutable LEDGER;

    uint256 public time = 1_800_000_000;
    mapping(string action => uint256 count) public successes;
    mapping(string action => uint256 count) public refusals;
    /// @notice The first disagreement between contract and books.
    string public violation;
    /// @notice What lots of a unit were given from outside, or by a certifier's factor.
    mapping(bytes3 unit => uint256 quantity) public given;

    Book[] private _books;
    Signed[] private _signed;

    constructor() {
        vm.warp(time);
        LEDGER = IItemLedger(vm.deployCode("ItemLedger.sol:ItemLedger", ""));
        for (uint256 i = 0; i < 24; ++i) {
            bool isLot = i % 2 == 0;
            _commission(
                1 + i % KEYS,
                i / 2 % 6 < 4 ? i / 2 % 6 : 4,
                isLot ? 1000 : 0,
                isLot ? (i % 4 == 0 ? KILOS : LITRES) : bytes3(0),
                isLot ? i / 4 % (CERTIFIERS + 1) : 0
            );
            if (isLot) given[i % 4 == 0 ? KILOS : LITRES] += 1000;
        }
    }

    function pass(uint256 seed) external {
        Dice memory dice = Dice(seed);
        time += dice.below(2 hours);
        vm.warp(time);
        ++successes["pass"];
    }

    function observe(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 place, ItemStep memory what) = (_any(dice), _what(dice));
        uint256 caller = _callerFor(dice, place);
        bool allowed = !_books[place].isRetired && custodianOf(place) == caller
            && _isAt(place, what.eventTime);
        bytes memory call = abi.encodeCall(IItemLedger.observe, (_ids(_list(place)), what));
        if (_expect("observe", call, caller, allowed)) _step(place, what.eventTime);
    }

    function handOver(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Signed memory signed;
        signed.places = dice.oneIn(3) ? _list(_any(dice), _any(dice)) : _list(_any(dice));
        uint256 from = _callerFor(dice, signed.places[0]);
        uint256 to = 1 + dice.below(KEYS);
        uint40 eventTime = _time(dice);
        signed.handover = Handover(
            _ids(signed.places),
            _steps(dice, signed.places),
            vm.addr(from),
            vm.addr(to),
            eventTime,
            bytes32(seed),
            uint40(time + dice.below(2 hours))
        );
        bytes32 digest = _digest(_handoverHash(signed.handover));
        uint256 signer = dice.oneIn(8) ? 1 + dice.below(KEYS) : from;
        uint256 other = dice.oneIn(8) ? 1 + dice.below(KEYS) : to;
        signed.fromSignature = _sign(signer, digest);
        signed.toSignature = _sign(other, digest);
        signed.isGood = signer == from && other == to;
        _signed.push(signed);
        // Some are brought later.
        if (!dice.oneIn(3)) _submit("handOver", signed);
    }

    function replay(uint256 seed) external {
        if (_signed.length == 0) return;
        Dice memory dice = Dice(seed);
        _submit("replay", _signed[_signed.length - 1 - dice.below(_signed.length) % 8]);
    }

    function pack(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 place, uint256 parent, ItemStep memory what) =
            (_any(dice), _any(dice), _what(dice));
        uint256 caller = _callerFor(dice, parent);
        Book storage item = _books[place];
        bool allowed = _isLoose(place, caller) && !_books[parent].isRetired
            && custodianOf(parent) == caller && item.level < _books[parent].level
            && _isAt(place, what.eventTime) && _isAt(parent, what.eventTime);
        bytes memory call =
            abi.encodeCall(IItemLedger.pack, (_books[parent].id, _ids(_list(place)), what));
        if (_expect("pack", call, caller, allowed)) {
            _step(place, what.eventTime);
            _stepParents(parent, what.eventTime);
            item.parent = parent;
        }
    }

    function unpack(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 place, ItemStep memory what) = (_any(dice), _what(dice));
        Book storage item = _books[place];
        uint256 parent = item.parent == NONE || dice.oneIn(6) ? _any(dice) : item.parent;
        uint256 caller = _callerFor(dice, parent);
        bool allowed = item.parent == parent && custodianOf(parent) == caller
            && _isAt(place, what.eventTime) && _isAt(parent, what.eventTime);
        bytes memory call =
            abi.encodeCall(IItemLedger.unpack, (_books[parent].id, _ids(_list(place)), what));
        if (_expect("unpack", call, caller, allowed)) {
            item.custodian = custodianOf(parent);
            item.parent = NONE;
            _step(place, what.eventTime);
            _stepParents(parent, what.eventTime);
        }
    }

    function retire(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (!dice.oneIn(5)) return;
        (uint256 place, ItemStep memory what) = (_any(dice), _what(dice));
        uint256 caller = _callerFor(dice, place);
        bool allowed = _isLoose(place, caller) && _isAt(place, what.eventTime);
        bytes memory call = abi.encodeCall(IItemLedger.retire, (_ids(_list(place)), what));
        if (_expect("retire", call, caller, allowed)) {
            _step(place, what.eventTime);
            _books[place].isRetired = true;
        }
    }

    function declareError(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 place = _any(dice);
        uint256 caller = _callerFor(dice, place);
        bytes memory call =
            abi.encodeCall(IItemLedger.declareError, (_books[place].id, bytes32(seed), 0));
        if (_expect("declareError", call, caller, custodianOf(place) == caller)) {
            ++_books[place].step;
        }
    }

    function recall(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 place = _any(dice);
        Book storage item = _books[place];
        uint256 caller = dice.oneIn(3) ? 1 + dice.below(KEYS) : item.issuer;
        bytes32[] memory numbers = new bytes32[](1);
        numbers[0] = bytes32(place);
        bytes memory call = abi.encodeCall(IItemLedger.recall, (numbers, bytes32(seed)));
        if (_expect("recall", call, caller, caller == item.issuer && !item.isRecalled)) {
            ++item.step;
            item.isRecalled = true;
        }
    }

    /// @dev One lot, or two, become a lot of kilos or litres; 6 litres are 5 kilos.
    function transform(uint256 seed) external {
        if (_books.length == MOST) return;
        Dice memory dice = Dice(seed);
        uint256[] memory places = dice.oneIn(2) ? _list(_lot(dice), _lot(dice)) : _list(_lot(dice));
        if (places[0] == places[places.length - 1]) places = _list(places[0]);
        uint256 caller = _callerFor(dice, places[0]);
        bytes3 unit = dice.oneIn(4) ? LITRES : KILOS;
        ItemStep memory what = _what(dice);
        uint256 signer = dice.below(CERTIFIERS + 1);
        TransformationInput[] memory inputs = new TransformationInput[](places.length);
        bool allowed = true;
        (uint256 mass, uint256 other, uint256 shared) = (0, 0, 0);
        for (uint256 i = 0; i < places.length; ++i) {
            Book storage lot = _books[places[i]];
            uint256 taken = dice.part(lot.quantity);
            inputs[i] = TransformationInput(lot.id, uint64(taken));
            allowed = allowed && _isLoose(places[i], caller) && _isAt(places[i], what.eventTime)
                && taken != 0 && taken <= lot.quantity;
            shared = i == 0 || shared == lot.certifier ? lot.certifier : 0;
            if (lot.unit == unit) {
                mass += taken;
            } else {
                other += taken;
                allowed = allowed && lot.certifier != 0 && lot.certifier == signer;
            }
        }
        // There is no factor from kilos to litres, unless it makes nothing more.
        uint256 converted = unit == KILOS ? other * 5 / 6 : other;
        uint256 made = dice.part(mass + converted);
        if (made == 0) made = 1;
        allowed = allowed && made <= mass + converted;
        (YieldFactor[] memory factors, bytes[] memory signatures) =
            _factor(caller, unit, signer, other != 0);
        Commission[] memory outputs = new Commission[](1);
        outputs[0] =
            Commission(bytes32(_books.length), 0, address(0), uint64(made), unit, vm.addr(caller));
        bytes memory call =
            abi.encodeCall(IItemLedger.transform, (inputs, outputs, what, factors, signatures));
        if (!_expect("transform", call, caller, allowed)) return;
        for (uint256 i = 0; i < places.length; ++i) {
            _step(places[i], what.eventTime);
            _books[places[i]].quantity -= inputs[i].quantity;
            if (_books[places[i]].quantity == 0) _books[places[i]].isRetired = true;
        }
        given[unit] += converted;
        _book(caller, 0, made, unit, shared, what.eventTime);
    }

    // The books

    function count() external view returns (uint256) {
        return _books.length;
    }

    function bookOf(uint256 place) external view returns (Book memory) {
        return _books[place];
    }

    function isPacked(uint256 place) external view returns (bool) {
        return _books[place].parent != NONE;
    }

    /// @dev Number of the key that has the outermost parent.
    function custodianOf(uint256 place) public view returns (uint256) {
        while (_books[place].parent != NONE) place = _books[place].parent;
        return _books[place].custodian;
    }

    function certifierOf(uint256 number) public pure returns (address) {
        return number == 0 ? address(0) : vm.addr(100 + number);
    }

    function _submit(string memory action, Signed memory signed) private {
        Handover memory handover = signed.handover;
        uint256[] memory places = signed.places;
        bool allowed = signed.isGood && handover.deadline >= time && handover.from != handover.to
            && (places.length == 1 || places[0] != places[1]);
        for (uint256 i = 0; i < places.length; ++i) {
            Book storage item = _books[places[i]];
            allowed = allowed && !item.isRetired && item.parent == NONE
                && vm.addr(item.custodian) == handover.from && item.step == handover.steps[i]
                && _isAt(places[i], handover.eventTime);
        }
        bytes memory call = abi.encodeCall(
            IItemLedger.handOver, (handover, signed.fromSignature, signed.toSignature)
        );
        if (!_expect(action, call, KEYS + 1, allowed)) return;
        for (uint256 i = 0; i < places.length; ++i) {
            _step(places[i], handover.eventTime);
            for (uint256 key = 1; key <= KEYS; ++key) {
                if (vm.addr(key) == handover.to) _books[places[i]].custodian = key;
            }
        }
    }

    function _commission(
        uint256 issuer,
        uint256 level,
        uint256 quantity,
        bytes3 unit,
        uint256 certifier
    ) private {
        Commission[] memory commissions = new Commission[](1);
        commissions[0] = Commission(
            bytes32(_books.length),
            uint8(level),
            address(0),
            uint64(quantity),
            unit,
            certifierOf(certifier)
        );
        vm.prank(vm.addr(issuer));
        LEDGER.commission(commissions, ItemStep(1, 1, uint40(time), 0));
        _book(issuer, level, quantity, unit, certifier, time);
    }

    function _book(
        uint256 issuer,
        uint256 level,
        uint256 quantity,
        bytes3 unit,
        uint256 certifier,
        uint256 eventTime
    ) private {
        Book storage item = _books.push();
        item.id = LEDGER.itemIdOf(vm.addr(issuer), bytes32(_books.length - 1));
        (item.issuer, item.custodian, item.step, item.parent) = (issuer, issuer, 1, NONE);
        (item.level, item.quantity, item.unit) = (level, quantity, unit);
        (item.certifier, item.lastTime) = (certifier, eventTime);
    }

    function _step(uint256 place, uint256 eventTime) private {
        ++_books[place].step;
        _books[place].lastTime = eventTime;
    }

    /// @dev The parent's own event, and a step of each around it.
    function _stepParents(uint256 parent, uint256 eventTime) private {
        _step(parent, eventTime);
        while (_books[parent].parent != NONE) {
            parent = _books[parent].parent;
            ++_books[parent].step;
        }
    }

    function _expect(string memory action, bytes memory call, uint256 caller, bool allowed)
        private
        returns (bool carriedOut)
    {
        vm.prank(vm.addr(caller));
        (carriedOut,) = address(LEDGER).call(call);
        ++(carriedOut ? successes : refusals)[action];
        if (carriedOut != allowed && bytes(violation).length == 0) {
            violation = string.concat(action, carriedOut ? " was carried out" : " was refused");
        }
    }

    function _isLoose(uint256 place, uint256 caller) private view returns (bool) {
        Book storage item = _books[place];
        return !item.isRetired && item.parent == NONE && item.custodian == caller;
    }

    function _isAt(uint256 place, uint256 eventTime) private view returns (bool) {
        return eventTime >= _books[place].lastTime && eventTime <= time + HOUR;
    }

    function _any(Dice memory dice) private view returns (uint256) {
        return dice.below(_books.length);
    }

    /// @dev Mostly one of which there is something left.
    function _lot(Dice memory dice) private view returns (uint256 place) {
        for (uint256 i = 0; i < 12; ++i) {
            place = _any(dice);
            if (_books[place].quantity != 0 && !_books[place].isRetired) return place;
        }
        place = 0;
    }

    /// @dev Mostly who may.
    function _callerFor(Dice memory dice, uint256 place) private view returns (uint256) {
        return dice.oneIn(6) ? 1 + dice.below(KEYS) : custodianOf(place);
    }

    /// @dev Mostly now.
    function _time(Dice memory dice) private view returns (uint40) {
        uint256 mode = dice.below(12);
        if (mode == 0) return uint40(time - 1 - dice.below(2 hours));
        if (mode == 1) return uint40(time + dice.below(2 * HOUR));
        return uint40(time);
    }

    function _what(Dice memory dice) private view returns (ItemStep memory) {
        return ItemStep(uint8(dice.below(42)), uint8(dice.below(34)), _time(dice), 0);
    }

    /// @dev Mostly as they are.
    function _steps(Dice memory dice, uint256[] memory places)
        private
        view
        returns (uint32[] memory steps)
    {
        steps = new uint32[](places.length);
        for (uint256 i = 0; i < places.length; ++i) {
            steps[i] = uint32(_books[places[i]].step + (dice.oneIn(12) ? 1 : 0));
        }
    }

    function _ids(uint256[] memory places) private view returns (uint256[] memory ids) {
        ids = new uint256[](places.length);
        for (uint256 i = 0; i < places.length; ++i) {
            ids[i] = _books[places[i]].id;
        }
    }

    function _factor(uint256 producer, bytes3 unit, uint256 signer, bool isNeeded)
        private
        view
        returns (YieldFactor[] memory factors, bytes[] memory signatures)
    {
        (factors, signatures) = (new YieldFactor[](isNeeded ? 1 : 0), new bytes[](isNeeded ? 1 : 0));
        if (!isNeeded) return (factors, signatures);
        (bytes3 from, uint64 numerator, uint64 denominator) =
            unit == KILOS ? (LITRES, uint64(5), uint64(6)) : (KILOS, uint64(1), uint64(1));
        factors[0] =
            YieldFactor(vm.addr(producer), from, unit, numerator, denominator, 0, type(uint40).max);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "YieldFactor(address producer,bytes3 fromUnit,bytes3 toUnit,uint64 numerator,uint64 denominator,uint256 nonce,uint40 validUntil)"
                ),
                factors[0]
            )
        );
        // Number 0 stands for nobody, who signs nevertheless.
        signatures[0] = _sign(100 + signer, _digest(structHash));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", LEDGER.DOMAIN_SEPARATOR(), structHash));
    }

    function _handoverHash(Handover memory handover) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "Handover(uint256[] items,uint32[] steps,address from,address to,uint40 eventTime,bytes32 eventHash,uint40 deadline)"
                ),
                keccak256(abi.encodePacked(handover.items)),
                keccak256(abi.encodePacked(handover.steps)),
                handover.from,
                handover.to,
                handover.eventTime,
                handover.eventHash,
                handover.deadline
            )
        );
    }

    function _sign(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _list(uint256 one) private pure returns (uint256[] memory places) {
        places = new uint256[](1);
        places[0] = one;
    }

    function _list(uint256 one, uint256 other) private pure returns (uint256[] memory places) {
        places = new uint256[](2);
        (places[0], places[1]) = (one, other);
    }
}
