import { isIP } from 'node:net'
import Type from 'typebox'
import { standingsOf } from '../../budgets/standing.ts'
import { type RefusalCode, Refused } from '../../errors.ts'
import { canonicalAddress } from '../../keys/address.ts'
import { createFindKey } from '../../keys/find-key.ts'
import { createPolicies } from '../../keys/policies.ts'
import { keyRules, modelRules, type Rule } from '../../keys/rules.ts'
import { compileKey } from '../../keys/stored-key.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { judgeBudgets } from './check-budgets.ts'
import { judgeFallbacks, triedFallback, withFallbacks } from './check-fallbacks.ts'
import {
  judgeBalances,
  judgeRates,
  judgeRoute,
  triedChannel,
  type Verdict,
  wordAndFacts,
} from './check-route.ts'
import { keyParams } from './fields.ts'
import { ownRow } from './rows.ts'

const body = Type.Object({
  model: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'A model id.' })),
  ip: Type.Optional(
    Type.String({ description: "The address that would call; absent = this request's own." }),
  ),
})

const checkResult = Type.Object({
  verdict: Type.Union([Type.Literal('allowed'), Type.Literal('refused')]),
  code: Type.Optional(Type.String({ description: 'The first refusal, in the order of checks.' })),
  checks: Type.Array(
    Type.Object({
      check: Type.String(),
      passed: Type.Boolean(),
      because: Type.String({ description: 'In English.' }),
      ...wordAndFacts,
      instead: Type.Optional(
        Type.String({ description: 'The fallback model that is tried, as this one can not be.' }),
      ),
    }),
  ),
  channels: Type.Array(triedChannel),
  fallbacks: Type.Optional(
    Type.Array(triedFallback, {
      description:
        'The models that are tried in turn when nobody can serve this one; absent without any.',
    }),
  ),
})

/** `POST /api/token/{id}/check`: would a request pass now, and if not, why? Asks the rules the relay asks; spends nothing. */
export const checkKey = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/token/{id}/check',
    scope: 'keys:read',
    tag: 'Keys',
    summary: 'Ask whether a request would pass',
    params: keyParams,
    body,
    data: checkResult,
    async run(asked) {
      const { digest } = await ownRow(rooms, asked.caller.accountId, asked.params.id)
      const row = await createFindKey(rooms.store.db)([digest], nowSeconds(rooms))
      // Deleted in the meantime, or its account.
      if (row === undefined) throw new Refused('key_not_found')
      const { key } = compileKey(row, createPolicies(rooms.groups))
      const call = { ip: addressOf(asked.body.ip ?? asked.ip), model: asked.body.model }
      const ask = (rule: Rule): Verdict => ({
        check: rule.check,
        refusal: rule.refuses(key, call, nowSeconds(rooms)),
        because: rule.because(key, call, nowSeconds(rooms)),
      })
      const fallbacks = judgeFallbacks(rooms, row, key, call.model)
      const route = withFallbacks(judgeRoute(rooms, key, call.model), fallbacks)
      const verdicts = [
        ...[...keyRules, ...modelRules].map(ask),
        ...route.verdicts,
        judgeRates(rooms, key),
        ...judgeBudgets(await standingsOf(rooms.store, key.budgets ?? [], rooms.now())),
        ...judgeBalances(key, row),
        ...route.up,
      ]
      const tried = fallbacks.map((fallback) => fallback.tried)
      const shown = { ...outcome(verdicts), channels: route.channels }
      return { data: tried.length === 0 ? shown : { ...shown, fallbacks: tried } }
    },
  })

function addressOf(text: string): string {
  const ip = canonicalAddress(text)
  if (isIP(ip) !== 0) return ip
  throw new Refused('invalid_field', 'ip must be an IPv4 or IPv6 address')
}

function outcome(verdicts: readonly Verdict[]) {
  const code: RefusalCode | undefined = verdicts.find(({ refusal }) => refusal)?.refusal
  const checks = verdicts.map(({ check, refusal, because: { word, facts, says }, instead }) => ({
    check,
    passed: refusal === undefined,
    because: instead === undefined ? says : `${says}: ${instead} is tried instead`,
    word,
    facts,
    ...(instead !== undefined && { instead }),
  }))
  return code === undefined ? { verdict: 'allowed', checks } : { verdict: 'refused', code, checks }
}
