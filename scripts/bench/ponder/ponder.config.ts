// What is followed: the events of the points hub, on the chain that the benchmark started.
import { createConfig } from "ponder";
import { http, type Address, parseAbi } from "viem";

const hub = parseAbi([
  "event ProgramCreated(uint256 indexed program, address indexed owner, string name, string symbol)",
  "event IssuerSet(uint256 indexed program, address indexed issuer, uint48 budget)",
  "event BatchAwarded(uint256 indexed program, bytes32 indexed batchId, uint256 count, uint256 points)",
  "event Transfer(address caller, address indexed sender, address indexed receiver, uint256 indexed id, uint256 amount)",
]);

export default createConfig({
  database: { kind: "pglite", directory: process.env.BENCH_DATABASE },
  networks: {
    bench: {
      chainId: Number(process.env.BENCH_CHAIN_ID),
      transport: http(process.env.BENCH_NODE),
      // The usual 50 is for nodes of strangers; the node here is one's own.
      maxRequestsPerSecond: 10_000,
      pollingInterval: 100,
    },
  },
  contracts: {
    PointsHub: {
      network: "bench",
      abi: hub,
      address: process.env.BENCH_HUB as Address,
      startBlock: 0,
    },
  },
});
