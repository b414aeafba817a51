// What each event changes.
import { type Context, ponder } from "ponder:registry";
import { balances, batches, issuers, moves, programs, supplies } from "ponder:schema";
import { zeroAddress } from "viem";

ponder.on("PointsHub:ProgramCreated", async ({ event, context }) => {
  const { program, owner, name, symbol } = event.args;
  const createdAt = event.block.timestamp;
  await context.db.insert(programs).values({ program, owner, name, symbol, createdAt });
});

ponder.on("PointsHub:IssuerSet", async ({ event, context }) => {
  const { program, issuer, budget } = event.args;
  const row = { program, issuer, budget: BigInt(budget) };
  await context.db.insert(issuers).values(row).onConflictDoUpdate({ budget: row.budget });
});

ponder.on("PointsHub:BatchAwarded", async ({ event, context }) => {
  const awardedAt = event.block.timestamp;
  await context.db
    .insert(batches)
    .values({ ...event.args, awardedAt, block: event.block.number });
});

ponder.on("PointsHub:Transfer", async ({ event, context }) => {
  const { caller, sender, receiver, id: program, amount: points } = event.args;
  const { number: block, timestamp } = event.block;
  const { logIndex } = event.log;
  if (sender !== zeroAddress) await add(context, program, sender, -points, timestamp);
  if (receiver !== zeroAddress) await add(context, program, receiver, points, timestamp);
  if (sender === zeroAddress) await issue(context, program, points);
  if (receiver === zeroAddress) await issue(context, program, -points);
  await context.db
    .insert(moves)
    .values({ block, logIndex, timestamp, program, sender, receiver, points, caller });
});

async function add(
  context: Context,
  program: bigint,
  account: `0x${string}`,
  points: bigint,
  at: bigint,
): Promise<void> {
  await context.db
    .insert(balances)
    .values({ program, account, points, firstAt: at, lastAt: at })
    .onConflictDoUpdate((row) => ({ points: row.points + points, lastAt: at }));
}

async function issue(context: Context, program: bigint, points: bigint): Promise<void> {
  await context.db
    .insert(supplies)
    .values({ program, points })
    .onConflictDoUpdate((row) => ({ points: row.points + points }));
}
