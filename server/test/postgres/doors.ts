import { randomBytes } from 'node:crypto'
import { afterAll, expect } from 'vitest'
import { asking } from '../tools/calls.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway, type TestGateway } from '../tools/gateway.ts'
import { tallied } from './nodes.ts'

/** Input is free and the output as long as it may be: each call costs exactly what it reserves. */
export const PRICE = { input: '0', output: '8' }
const OUTPUT = 10
export const COST = 40
export const exactly = (model: string) => asking(model, { max_tokens: OUTPUT })
export const USAGE = { prompt: 10, completion: OUTPUT }

/** Three gateways on one database, for all tests of a file. */
export interface Doors {
  readonly database: TestDatabase
  readonly gateways: readonly TestGateway[]
  readonly first: TestGateway
  at(n: number): TestGateway
  /** A key with so much, once every node knows it and the model. */
  keyFor(model: string, quota: number, fields?: object): Promise<{ id: number; key: string }>
  /** What so many clients hear who ask `model` so often between them: how often each answer came. */
  ask(
    model: string,
    key: string,
    how: { clients: number; times: number },
  ): Promise<Partial<Record<string, number>>>
}

/** Opens them; `through` is the way to the database, when it is not the straight one. Nothing is on loan in the end. */
export async function openDoors(
  through = async (url: string): Promise<string> => url,
): Promise<Doors> {
  const database = await newDatabase()
  const databaseUrl = await through(database.config.databaseUrl ?? '')
  const config = { secret: randomBytes(32).toString('hex'), databaseUrl }
  const shared = { database, adminToken: newAdminToken(), config }
  const first = await startGateway(shared)
  const gateways = [first, await startGateway(shared), await startGateway(shared)]
  afterAll(async () => {
    for (const gateway of [...gateways].reverse()) await gateway.close()
    const holds = await database.rows('select * from hold')
    await database.remove()
    expect(holds).toEqual([])
  })
  const at = (n: number) => gateways[n % gateways.length] ?? first
  return {
    ...{ database, gateways, first, at },
    async keyFor(model, quota, fields = {}) {
      const made = await first.createKey({ remain_quota: quota, ...fields })
      const headers = { authorization: `Bearer ${made.key}` }
      for (const { url } of gateways) {
        const models = () => fetch(`${url}/v1/models`, { headers }).then((answer) => answer.text())
        await expect.poll(models, { timeout: 2_000, interval: 20 }).toContain(`"${model}"`)
      }
      return made
    },
    async ask(model, key, { clients, times }) {
      let asked = 0
      const saying = Array.from({ length: clients }, async (_, n) => {
        const said: string[] = []
        while (asked++ < times) {
          const { status, json } = await at(n).call(exactly(model), key)
          said.push(status === 200 ? 'served' : `${status} ${json.error.code}`)
        }
        return said
      })
      return tallied((await Promise.all(saying)).flat())
    },
  }
}
