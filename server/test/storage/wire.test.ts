import { expect, it } from 'vitest'
import {
  CHARGE,
  NUMBERS,
  packSettlements,
  STRIDE,
  TEXTS,
  unpackRare,
} from '../../src/storage/wire.ts'
import { recordOf } from '../ledger/record.ts'

it('every column of a usage record travels in its own place', () => {
  const numbered = Object.fromEntries(NUMBERS.map((name, at) => [name, 100 + at]))
  const named = Object.fromEntries(TEXTS.map((name) => [name, `the ${name}`]))
  const record = { ...recordOf('r'), ...numbered, ...named }
  const charge = { cost: 1, atMost: 2, epoch: 0, key: 3, account: 4 }
  const pays = { keyUnlimited: true, accountUnlimited: false }
  const settlement = { ...charge, ...pays, budgets: [70, 80], record }

  const { numbers, texts } = packSettlements([settlement, settlement])

  const expected = [1, 2, 3, 4, 1, 0, ...NUMBERS.map((name) => record[name])]
  expect(expected).toHaveLength(STRIDE)
  expect(CHARGE).toBe(expected.length - NUMBERS.length)
  expect([...numbers]).toEqual([...expected, ...expected])
  const sent = [...TEXTS.map((name) => record[name]), '70,80']
  expect(texts).toEqual([...sent, ...sent])
})

const DETAILS = '{"searches":2,"service":"flex"}'
const LIST = '[{"channel":3,"status":503}]'
it.each([
  [[], null, null, ''],
  [[70, 80], null, null, '70,80'],
  [[], LIST, null, ''],
  [[70, 80], LIST, null, '70,80'],
  [[], null, DETAILS, ''],
  [[70, 80], LIST, DETAILS, '70,80'],
  [[], LIST, DETAILS, ''],
])(
  'budgets %j, attempts %j and details %j travel as one text',
  (budgets, attempt_list, details, column) => {
    const charge = { cost: 1, atMost: 2, epoch: 0, key: 3, account: 4 }
    const pays = { keyUnlimited: true, accountUnlimited: false }
    const record = { ...recordOf('r'), attempt_list, details }
    const { texts } = packSettlements([{ ...charge, ...pays, budgets, record }])
    expect(unpackRare(texts.at(-1) ?? '')).toEqual({
      ...{ budgets: column, attempts: attempt_list, details },
    })
  },
)
