// What the benchmark reads to see that the tables hold what ours hold.
import { Hono } from "hono";
import { db } from "ponder:api";
import { balances, batches, issuers, moves, programs } from "ponder:schema";

const app = new Hono();

// Each event of the benchmark leaves one row in one of these.
app.get("/counts", async (answer) =>
  answer.json({
    transfers: await db.$count(moves),
    batches: await db.$count(batches),
    programs: await db.$count(programs),
    issuers: await db.$count(issuers),
  }),
);

app.get("/balances", async (answer) => {
  const rows = await db.select().from(balances);
  return answer.json(
    rows.map(({ program, account, points }) => [`${program}`, account, `${points}`]),
  );
});

export default app;
