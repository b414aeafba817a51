// Counterparts of our loyalty_programs, _issuers, _batches, _balances, _supplies and _moves. Points
// are summed; our tables also keep them by age, tiers and debts.
import { index, onchainTable, primaryKey } from "ponder";

export const programs = onchainTable("programs", (t) => ({
  program: t.bigint().primaryKey(),
  owner: t.hex().notNull(),
  name: t.text().notNull(),
  symbol: t.text().notNull(),
  createdAt: t.bigint().notNull(),
}));

export const issuers = onchainTable(
  "issuers",
  (t) => ({
    program: t.bigint().notNull(),
    issuer: t.hex().notNull(),
    budget: t.bigint().notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.program, table.issuer] }) }),
);

export const batches = onchainTable(
  "batches",
  (t) => ({
    program: t.bigint().notNull(),
    batchId: t.hex().notNull(),
    count: t.bigint().notNull(),
    points: t.bigint().notNull(),
    awardedAt: t.bigint().notNull(),
    block: t.bigint().notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.program, table.batchId] }) }),
);

export const balances = onchainTable(
  "balances",
  (t) => ({
    program: t.bigint().notNull(),
    account: t.hex().notNull(),
    points: t.bigint().notNull(),
    firstAt: t.bigint().notNull(),
    lastAt: t.bigint().notNull(),
  }),
  (table) => ({
    key: primaryKey({ columns: [table.program, table.account] }),
    byAccount: index().on(table.account, table.program),
  }),
);

export const supplies = onchainTable("supplies", (t) => ({
  program: t.bigint().primaryKey(),
  points: t.bigint().notNull(),
}));

export const moves = onchainTable(
  "moves",
  (t) => ({
    block: t.bigint().notNull(),
    logIndex: t.integer().notNull(),
    timestamp: t.bigint().notNull(),
    program: t.bigint().notNull(),
    sender: t.hex().notNull(),
    receiver: t.hex().notNull(),
    points: t.bigint().notNull(),
    caller: t.hex().notNull(),
  }),
  (table) => ({
    key: primaryKey({ columns: [table.block, table.logIndex] }),
    bySender: index().on(table.sender, table.block, table.logIndex),
    byReceiver: index().on(table.receiver, table.block, table.logIndex),
    byProgram: index().on(table.program, table.block, table.logIndex),
  }),
);
