import { expect, it } from 'vitest'
import { Refused } from '../../src/errors.ts'
import type { TestDatabase } from '../tools/database.ts'
import { call, type Nodes, openNodes, type TestNode, tallied } from './nodes.ts'

type Answer = 'served' | 'refused' | 'exhausted' | 'reserved'

const CLIENTS = 12
const CALLS = 12
const COST = 7
const RICH = 1_000_000

/** Clients of all nodes call with one key, its account and its budget, while people grant units at each. */
async function callOnAll(
  opened: Nodes,
  settings: { readonly grants: number; readonly mayRefuse?: boolean },
): Promise<void> {
  const { nodes, payers: open, whole } = opened
  const payers = await open({ id: 1, key: RICH, account: RICH, budget: RICH })
  const [budget = 0] = payers.budgets
  const client = async (n: number) => {
    const answers: Answer[] = []
    for (let at = 0; at < CALLS; at++) {
      const answer = call(opened.at(n % nodes.length), payers, { amount: 50, cost: COST })
      answers.push(await answer.catch(refusal))
    }
    return answers
  }
  const granting = async ({ ledger }: TestNode) => {
    const change = { delta: 1, reason: 'test', actor: 'test' }
    for (let nth = 0; nth < settings.grants; nth++) {
      await ledger.adjust({ ...change, entity: payers.key })
      await ledger.adjust({ ...change, entity: payers.account })
    }
  }
  const epochs = nodes.map(({ loans }) => loans.epoch)
  const [answers] = await Promise.all([
    Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n))),
    ...nodes.map(granting),
  ])
  const { served = 0, refused = 0, ...others } = tallied(answers.flat())
  expect([served + refused, others]).toEqual([CLIENTS * CALLS, {}])
  if (settings.mayRefuse) expect(served).toBeGreaterThan(CALLS)
  else expect(refused).toBe(0)
  const left = RICH - served * COST
  const granted = settings.grants * nodes.length
  expect(await whole(budget)).toBe(left)
  expect([await whole(payers.key), await whole(payers.account)]).toEqual([
    left + granted,
    left + granted,
  ])
  const written = 'select count(*)::int as written from usage'
  expect(await opened.database.rows(written)).toEqual([{ written: served }])
  // Nobody was taken for dead: what was tried again went under the number that it had.
  expect(nodes.map(({ loans }) => loans.epoch)).toEqual(epochs)
}

/** Units could not be had in time: nothing was taken, and the client knows. */
function refusal(failure: unknown): 'refused' {
  if (failure instanceof Refused && failure.code === 'ledger_unavailable') return 'refused'
  throw failure
}

const alter = async (database: TestDatabase, setting: string) => {
  const { pathname } = new URL(database.config.databaseUrl ?? '')
  await database.tamper(`alter database ${pathname.slice(1)} set ${setting}`)
}

it.each(['repeatable read', 'serializable'])(
  'where a database’s transactions are %s unless they say otherwise, four nodes serve, charge and grant as ever',
  async (isolation) => {
    const opened = await openNodes(0)
    await alter(opened.database, `default_transaction_isolation = '${isolation}'`)
    for (let n = 0; n < 4; n++) await opened.join()
    await callOnAll(opened, { grants: 20 })
  },
)

/** Undoes some of the transactions that touch a table of the ledger, as PostgreSQL does, and counts how many. */
const undoing = (state: string) => `
  create sequence undone;
  create function undo() returns trigger language plpgsql as $$
  begin
    if random() < 0.25 then
      perform nextval('undone');
      raise exception 'not now' using errcode = '${state}';
    end if;
    return null;
  end $$;
  create trigger undo after update on node_lane execute function undo();
  create trigger undo after insert on usage execute function undo();`

it.each([
  ['40001', 'serialization failures'],
  ['40P01', 'deadlocks'],
  ['55P03', 'lock timeouts'],
])(
  'where a quarter of its transactions end with %s (%s), no call is lost, none charged twice',
  async (state) => {
    const opened = await openNodes(2)
    await opened.database.tamper(undoing(state))
    // A row that is locked for too long holds up its own callers, who hear so.
    await callOnAll(opened, { grants: 0, mayRefuse: state === '55P03' })
    const [undone] = await opened.database.rows('select last_value::int as times from undone')
    expect(undone?.times).toBeGreaterThan(10)
    // Each node gives back what it has borrowed at its end.
    await opened.database.tamper('drop trigger undo on node_lane; drop trigger undo on usage')
  },
)
