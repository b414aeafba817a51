// Reads {types, values} on standard input; writes root and proofs of OpenZeppelin's standard tree.
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");

const { types, values } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tree = StandardMerkleTree.of(values, types);
const proofs = values.map((_, index) => tree.getProof(index));
console.log(JSON.stringify({ root: tree.root, proofs }));
