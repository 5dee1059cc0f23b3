import { expect, it } from 'vitest'
import { sharedGateway } from '../../server/test/tools/gateway.ts'
import { ApiFailure } from '../src/api/failure.ts'
import { refusedField } from '../src/ui/refused-field.ts'

const gateway = await sharedGateway()
const FIELDS = ['name', 'remain_quota', 'allow_ips', 'group', 'expired_time', 'budgets'] as const

it.each([
  [{ name: 'x'.repeat(51) }, 'name'],
  [{ name: 5 }, 'name'],
  [{ remain_quota: -1 }, 'remain_quota'],
  [{ expired_time: 0 }, 'expired_time'],
  [{ allow_ips: '10.0.0.0/8\nnonsense' }, 'allow_ips'],
  [{ group: 'nobody has it' }, 'group'],
  [{ budgets: [{ period: 'day', amount: -1 }] }, 'budgets'],
  [{ metadata: 5 }, undefined],
])('what the server says of %j belongs to %s', async (fields, field) => {
  const { json } = await gateway.api('POST', '/api/token/', fields)
  expect(json.success).toBe(false)
  expect(refusedField(new ApiFailure(json.code, json.message), FIELDS)).toBe(field)
})

it('other refusals belong to no field', () => {
  expect(refusedField(new ApiFailure('rate_limited', 'name it later'), FIELDS)).toBeUndefined()
  expect(refusedField(new Error('name'), FIELDS)).toBeUndefined()
})
