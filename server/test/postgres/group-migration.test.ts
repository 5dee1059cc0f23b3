import { expect, it } from 'vitest'
import { first } from '../../src/storage/migrations/postgres/0001-first.ts'
import { functions } from '../../src/storage/migrations/postgres/0001-functions.ts'
import { sharedLedger } from '../../src/storage/migrations/postgres/0002-ledger.ts'
import { redemptions } from '../../src/storage/migrations/postgres/0003-redemptions.ts'
import { accountLimits } from '../../src/storage/migrations/postgres/0004-account-limits.ts'
import { rateNews } from '../../src/storage/migrations/postgres/0005-rate-news.ts'
import { closedUsage } from '../../src/storage/migrations/postgres/0006-closed-usage.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { blankDatabase } from '../tools/database.ts'

it('every name that channels and accounts went by becomes a group', async () => {
  const { url, rows, tamper } = await blankDatabase()
  const steps = [first, functions, sharedLedger, redemptions, accountLimits, rateNews, closedUsage]
  await tamper(`${steps.join('')}
    insert into meta (name, value) values ('schema', '6');
    insert into account (username, role, status, group_name, groups, unlimited_quota, created_at, deleted_at) values
      ('a', 'user', 1, 'staff', '["vip","auto"]', 0, 0, null), ('b', 'user', 1, 'staff', '[]', 0, 0, null),
      ('c', 'user', 1, 'gone', '["gone too"]', 0, 0, 1);
    insert into channel (name, type, base_url, keys, models, groups, model_mapping, priority, weight, free, status,
      headers, timeouts, created_at, deleted_at) values
      ('a', 'simulator', '', '[]', '[]', '["vip","O''Neill, \\"x\\""]', '{}', 0, 1, 0, 1, '{}', '{}', 0, null),
      ('b', 'simulator', '', '[]', '[]', '["gone"]', '{}', 0, 1, 0, 1, '{}', '{}', 0, 1)`)
  await (await openPostgresStore({ url })).close()
  const plain = {
    description: '',
    ratio: '1',
    ratios: '{}',
    walks: null,
    policy: '',
    fallback_models: '[]',
  }
  expect(await rows('select * from channel_group order by name')).toEqual([
    { ...plain, name: 'O\'Neill, "x"' },
    { ...plain, name: 'auto', walks: '["default"]' },
    ...['default', 'staff', 'vip'].map((name) => ({ ...plain, name })),
  ])
})
