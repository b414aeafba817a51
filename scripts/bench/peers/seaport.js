// Compiles Seaport as npm has it, by solc 0.8.24 with the settings of the other contracts, and
// writes {name: artifact} to standard output.
"use strict";

const fs = require("fs");
const path = require("path");

const MODULES = path.resolve(__dirname, "..", "..", "..", "node_modules");
const SOURCES = {
  Seaport: "seaport-core/src/Seaport.sol",
  ConduitController: "seaport-core/src/conduit/ConduitController.sol",
};

const read = (name) => fs.readFileSync(path.join(MODULES, name), "utf8");
const outputs = [
  "abi",
  "evm.bytecode.linkReferences",
  "evm.bytecode.object",
  "evm.deployedBytecode.object",
];
const input = {
  language: "Solidity",
  sources: Object.fromEntries(
    Object.values(SOURCES).map((name) => [name, { content: read(name) }]),
  ),
  settings: {
    evmVersion: "cancun",
    optimizer: { enabled: true, runs: 200 },
    outputSelection: Object.fromEntries(
      Object.entries(SOURCES).map(([name, source]) => [source, { [name]: outputs }]),
    ),
    viaIR: true,
  },
};

const compiler = require(path.join(MODULES, "solc-seaport"));
const found = (name) => ({ contents: read(name) });
const output = JSON.parse(compiler.compile(JSON.stringify(input), { import: found }));
const problems = (output.errors || []).filter((problem) => problem.severity === "error");
if (problems.length) {
  process.stderr.write(problems.map((problem) => problem.formattedMessage).join("\n"));
  process.exit(1);
}
const contracts = Object.entries(SOURCES).map(([name, source]) => [
  name,
  output.contracts[source][name],
]);
process.stdout.write(JSON.stringify(Object.fromEntries(contracts)), () => process.exit(0));
