// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Question, QuestionKind} from "../../contracts/ballots/IElections.sol";
import {Bls12381, Msm} from "../../contracts/ballots/types/Bls12381.sol";

/// @dev What a ballot is made for. The trustees' secret is known here, so that a test can open what
/// nobody else can.
struct BallotPlace {
    bytes32 context;
    bytes key;
    Question question;
    address voter;
    uint256 seed;
}

/// @dev A disjunctive proof in the making. `number` is what the ciphertext holds; an honest one is
/// the exponent of the branch `real`.
struct Disjunction {
    string tag;
    bytes statement;
    bytes key;
    uint256[] exponents;
    uint256 real;
    uint256 number;
    uint256 r;
    uint256 seed;
}

/// @dev Seals ballots, honest ones and others, with the chain's own precompiles.
library BallotMaker {
    uint256 internal constant R = Bls12381.R;

    function tagOf(string memory name) internal pure returns (bytes32) {
        return keccak256(bytes.concat("crmdapp.ballots.v1.", bytes(name)));
    }

    /// @dev a G + b P.
    function combine(uint256 a, bytes memory point, uint256 b)
        internal
        view
        returns (bytes memory)
    {
        Msm memory sum = Bls12381.create(2);
        sum.pushGenerator(a);
        sum.pushSum(point, b);
        return sum.total();
    }

    function generatorTimes(uint256 a) internal view returns (bytes memory) {
        Msm memory sum = Bls12381.create(1);
        sum.pushGenerator(a);
        return sum.total();
    }

    function negative(uint256 a) internal pure returns (uint256) {
        return (R - a % R) % R;
    }

    function draw(uint256 seed, string memory what, uint256 number)
        internal
        pure
        returns (uint256)
    {
        return uint256(keccak256(abi.encode(seed, what, number))) % R;
    }

    function exponentsOf(Question memory question) internal pure returns (uint256[] memory found) {
        found = new uint256[](question.options);
        for (uint256 i = 1; i < found.length; ++i) {
            found[i] = 1 << question.bits * (i - 1);
        }
    }

    /// @param chosen Bit i: option i is.
    function seal(BallotPlace memory place, uint256 chosen) internal view returns (bytes memory) {
        if (place.question.kind == QuestionKind.Vector) return _sealVector(place, chosen);
        uint256 option = 0;
        while (chosen >> option != 1) ++option;
        return sealNumber(place, option, exponentsOf(place.question)[option]);
    }

    /// @dev A choice that holds whatever number, with the proof for an option.
    function sealNumber(BallotPlace memory place, uint256 option, uint256 number)
        internal
        view
        returns (bytes memory)
    {
        uint256 r = draw(place.seed, "r", 0);
        bytes memory ciphertext = encrypt(place.key, r, number);
        Disjunction memory proof = Disjunction({
            tag: "choice",
            statement: bytes.concat(place.context, _word(place.voter), ciphertext),
            key: place.key,
            exponents: exponentsOf(place.question),
            real: option,
            number: number,
            r: r,
            seed: place.seed
        });
        return bytes.concat(ciphertext, prove(proof));
    }

    function encrypt(bytes memory key, uint256 r, uint256 number)
        internal
        view
        returns (bytes memory)
    {
        return bytes.concat(generatorTimes(r), combine(number, key, r));
    }

    function trackerOf(BallotPlace memory place, bytes memory body)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(bytes.concat(place.context, _word(place.voter), body));
    }

    function prove(Disjunction memory proof) internal view returns (bytes memory) {
        uint256 count = proof.exponents.length;
        uint256[] memory c = new uint256[](count);
        uint256[] memory z = new uint256[](count);
        uint256 w = draw(proof.seed, "w", proof.real);
        bytes memory commitments;
        uint256 sum = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 step = w;
            uint256 onG = 0;
            if (i != proof.real) {
                c[i] = draw(proof.seed, "c", i);
                z[i] = draw(proof.seed, "z", i);
                step = addmod(z[i], negative(mulmod(c[i], proof.r, R)), R);
                uint256 off = addmod(proof.exponents[i], negative(proof.number), R);
                onG = mulmod(c[i], off, R);
                sum = addmod(sum, c[i], R);
            }
            commitments =
                bytes.concat(commitments, generatorTimes(step), combine(onG, proof.key, step));
        }
        uint256 all = challengeOf(proof.tag, proof.statement, commitments);
        c[proof.real] = addmod(all, negative(sum), R);
        z[proof.real] = addmod(w, mulmod(c[proof.real], proof.r, R), R);
        return bytes.concat(commitments, _words(c, count - 1), _words(z, count));
    }

    function challengeOf(string memory tag, bytes memory statement, bytes memory commitments)
        internal
        pure
        returns (uint256)
    {
        return uint256(keccak256(bytes.concat(tagOf(tag), statement, commitments))) % R;
    }

    function _sealVector(BallotPlace memory place, uint256 chosen)
        private
        view
        returns (bytes memory body)
    {
        uint256 options = place.question.options;
        bytes[] memory ciphertexts = new bytes[](options);
        bytes memory all;
        for (uint256 i = 0; i < options; ++i) {
            uint256 r = draw(place.seed, "r", i);
            ciphertexts[i] = encrypt(place.key, r, chosen >> i & 1);
            all = bytes.concat(all, ciphertexts[i]);
        }
        for (uint256 i = 0; i < options; ++i) {
            body = bytes.concat(body, ciphertexts[i], _proveOption(place, all, i, chosen >> i & 1));
        }
        body = bytes.concat(body, _proveSum(place, all, chosen));
    }

    function _proveOption(
        BallotPlace memory place,
        bytes memory all,
        uint256 option,
        uint256 number
    ) private view returns (bytes memory) {
        uint256[] memory exponents = new uint256[](2);
        exponents[1] = 1;
        Disjunction memory proof = Disjunction({
            tag: "option",
            statement: bytes.concat(place.context, _word(place.voter), bytes32(option), all),
            key: place.key,
            exponents: exponents,
            real: number,
            number: number,
            r: draw(place.seed, "r", option),
            seed: draw(place.seed, "option", option)
        });
        return prove(proof);
    }

    function _proveSum(BallotPlace memory place, bytes memory all, uint256 chosen)
        private
        view
        returns (bytes memory)
    {
        Question memory question = place.question;
        uint256[] memory exponents = new uint256[](question.max - question.min + 1);
        for (uint256 i = 0; i < exponents.length; ++i) {
            exponents[i] = question.min + i;
        }
        (uint256 r, uint256 number) = (0, 0);
        for (uint256 i = 0; i < question.options; ++i) {
            r = addmod(r, draw(place.seed, "r", i), R);
            number += chosen >> i & 1;
        }
        // Whoever chose too few or too many has no branch of their own, and claims another.
        bool isHonest = number >= question.min && number <= question.max;
        Disjunction memory proof = Disjunction({
            tag: "sum",
            statement: bytes.concat(place.context, _word(place.voter), all),
            key: place.key,
            exponents: exponents,
            real: isHonest ? number - question.min : 0,
            number: number,
            r: r,
            seed: draw(place.seed, "sum", 0)
        });
        return prove(proof);
    }

    function _word(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _words(uint256[] memory numbers, uint256 count)
        private
        pure
        returns (bytes memory data)
    {
        for (uint256 i = 0; i < count; ++i) {
            data = bytes.concat(data, bytes32(numbers[i]));
        }
    }
}
