import { describe, expect, it, onTestFinished } from 'vitest'
import type { Channel } from '../../src/channels/channel.ts'
import { createDirectory } from '../../src/channels/directory.ts'
import { sealUpstreamKeys } from '../../src/channels/upstream-keys.ts'
import { createVault } from '../../src/keys/vault.ts'
import type { ChannelTable } from '../../src/storage/tables.ts'
import { openTestStore } from '../tools/database.ts'
import { channelRow } from './a-channel.ts'

const vault = createVault(Buffer.alloc(32, 7), 1)

const rowOf = (id: number, fields: Partial<ChannelTable> = {}) =>
  channelRow(id, { keys: sealUpstreamKeys(vault, id, [`sk-${id}`]), ...fields })

/** A directory on a database of its own; `ask` is the provider that is asked for its models. */
async function setUp(ask: (channel: Channel) => Promise<readonly string[]> = nobody) {
  const { store } = await openTestStore()
  const warned: object[] = []
  const log = { warn: (what: object) => void warned.push(what) }
  const open = () =>
    createDirectory({ store, vault, log, askModels: ask, accessTo: () => undefined })
  const directory = await open()
  onTestFinished(() => directory.close())
  const change = (id: number) => [{ kind: 'channel' as const, subject: String(id) }]
  return {
    directory,
    open,
    warned,
    add: (row: ChannelTable) =>
      store.write([store.db.insertInto('channel').values(row)], change(row.id)),
    set: (id: number, fields: Partial<ChannelTable>) =>
      store.write([store.db.updateTable('channel').set(fields).where('id', '=', id)], change(id)),
  }
}

const nobody = () => Promise.reject(new Error('nobody is there'))
const ids = (channels: readonly Channel[]) => channels.map(({ id }) => id)

describe('the directory', () => {
  it('knows a change as soon as its writer has an answer', async () => {
    const { directory, add, set } = await setUp()
    await add(rowOf(1))
    await add(rowOf(2, { priority: 5 }))
    await add(rowOf(3, { groups: '["vip"]', models: '["m","n"]' }))
    expect(ids(directory.candidates('default', 'm'))).toEqual([2, 1])
    expect(directory.candidates('default', 'm')[0]?.authorization).toEqual(['sk-2'])
    expect(ids(directory.candidates('vip', 'n'))).toEqual([3])
    expect(directory.candidates('default', 'n')).toEqual([])
    expect(directory.models('vip')).toEqual(['m', 'n'])

    await set(2, { status: 2 })
    expect(ids(directory.candidates('default', 'm'))).toEqual([1])
    expect(directory.get(2)?.enabled).toBe(false)
    await set(1, { deleted_at: 1 })
    expect(directory.candidates('default', 'm')).toEqual([])
    expect(directory.models('default')).toEqual([])
    expect(directory.get(1)).toBe(undefined)
  })

  it('leaves a channel out that it cannot read, and says so, but keeps the others', async () => {
    const { directory, add, warned } = await setUp()
    await add(rowOf(1))
    await add(rowOf(2, { keys: sealUpstreamKeys(vault, 9, ['sk-copied']) }))
    expect(ids(directory.candidates('default', 'm'))).toEqual([1])
    expect(warned).toMatchObject([{ channel: 2 }])
    expect(JSON.stringify(warned)).not.toContain('sk-copied')
  })

  it('asks the provider where no models are named, and remembers its answer without it', async () => {
    let answer: () => Promise<readonly string[]> = async () => ['a', 'b']
    const { directory, open, add, set, warned } = await setUp(() => answer())
    await add(rowOf(1, { models: '[]', model_mapping: '{"mine":"a"}' }))
    expect(directory.models('default')).toEqual(['a', 'b', 'mine'])

    answer = nobody
    await set(1, { priority: 1 })
    expect(directory.models('default')).toEqual(['a', 'b', 'mine'])
    const later = await open()
    expect(later.models('default')).toEqual(['a', 'b', 'mine'])
    later.close()
    expect(warned.length).toBeGreaterThan(0)
  })

  it('never takes the list of another provider for that of the present one', async () => {
    const answers = new Map([['http://127.0.0.1:9', async () => ['theirs']]])
    const { directory, open, add, set } = await setUp(({ baseUrl }) =>
      (answers.get(baseUrl.origin) ?? nobody)(),
    )
    await add(rowOf(1, { models: '[]' }))
    expect(directory.models('default')).toEqual(['theirs'])
    await set(1, { base_url: 'http://127.0.0.1:10' })
    expect(directory.models('default')).toEqual([])
    answers.set('http://127.0.0.1:10', async () => ['ours'])
    await set(1, { priority: 1 })
    expect(directory.models('default')).toEqual(['ours'])

    // The former provider answers when the channel has left it.
    const late = Promise.withResolvers<string[]>()
    answers.set('http://127.0.0.1:9', () => late.promise)
    await set(1, { base_url: 'http://127.0.0.1:9', models: '["named"]' })
    const moving = set(1, { models: '[]' })
    await set(1, { base_url: 'http://127.0.0.1:10' })
    late.resolve(['too late'])
    await moving
    expect(directory.models('default')).toEqual(['ours'])
    const later = await open()
    expect(later.models('default')).toEqual(['ours'])
    later.close()
  })
})
