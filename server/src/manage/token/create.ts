import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { generateKey } from '../../keys/secret.ts'
import { NEVER_EXPIRES } from '../../keys/stored-key.ts'
import { keyEntity } from '../../ledger/entity.ts'
import { openBalance } from '../../ledger/statements.ts'
import { type Compilable, mustChange } from '../../storage/store.ts'
import type { KeyTable } from '../../storage/tables.ts'
import { actorOf, auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { type Answer, type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { mergeExtra, writeExtra } from './extra.ts'
import { keyFields, type SentFields } from './fields.ts'
import { livingKeys } from './pages.ts'
import { keyRecord, toRecord } from './record.ts'
import { findRow, type KeyRow, subjectOf } from './rows.ts'
import { checkAutoGroups, checkFields, checkGroup, checkOwnFallbacks } from './rules.ts'
import { KEY_ENABLED } from './status.ts'
import { masked, openValue, toColumns } from './value.ts'

/** `POST /api/token/`: creates a key. The documented answer holds neither record nor key; `Prefer` asks for both. */
export const createKey = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/token',
    scope: 'keys:write',
    tag: 'Keys',
    summary: 'Create an API key',
    description:
      'Answers `{"success":true,"message":""}` and `Location: /api/token/{id}`. With `Prefer: return=representation` ' +
      'the answer also has `data`, the record with its key.',
    body: Type.Object(keyFields),
    data: Type.Optional(keyRecord),
    idempotent: true,
    async run(asked) {
      checkFields(asked.body)
      checkOwnFallbacks(asked.body, asked.body.fallback_models ?? [])
      return rooms.once(asked, {
        async first(remember) {
          // Not asked of a repeat: the account may have lost the group since.
          checkGroups(asked)
          return create(rooms, asked, remember)
        },
        again: (id) => answerAgain(rooms, asked, id ?? 0),
      })
    },
  })

type Creating = Asked<unknown, unknown, SentFields>

function checkGroups({ caller, body }: Creating): void {
  checkGroup(caller, body.group ?? '')
  checkAutoGroups(caller, body.auto_groups ?? [])
}

async function create(
  rooms: Rooms,
  asked: Creating,
  remember: (id: number) => readonly Compilable[],
): Promise<Answer> {
  const { store } = rooms
  const id = await store.nextId('key')
  const value = generateKey(rooms.random)
  const quota = asked.body.remain_quota ?? 0
  const row = toRow(rooms, asked, { id, value })
  const now = nowSeconds(rooms)
  const written = await store.write(
    [
      roomForOneMore(rooms, asked.caller.accountId),
      store.db.insertInto('key').values(row),
      ...openBalance(store, {
        entity: keyEntity(id),
        amount: quota,
        actor: actorOf(asked),
        seconds: now,
      }),
      auditStatement(rooms, asked, {
        action: 'key.create',
        subject: subjectOf(id),
        after: shownInAudit({ ...row, remain: quota, used: 0, requests: 0 }, now),
      }),
      ...remember(id),
    ],
    [{ kind: 'key', subject: String(id) }],
  )
  if (!written.done) throw tooMany(rooms)
  return answer(rooms, asked, {
    row: { ...row, remain: quota, used: 0, requests: 0 },
    value,
  })
}

/** Counts inside the write, so that calls at the same time can't pass the limit together. */
function roomForOneMore({ store, settings }: Rooms, accountId: number) {
  return mustChange(
    store.db
      .updateTable('account')
      .set({ id: accountId })
      .where('id', '=', accountId)
      .where('deleted_at', 'is', null)
      .where(livingKeys({ store }, accountId), '<', settings.get('keys.max_per_account')),
  )
}

const tooMany = ({ settings }: Rooms): Refused => {
  const most = settings.get('keys.max_per_account')
  return new Refused('too_many_keys', `this account may have ${most} keys, and has them`)
}

function toRow(
  rooms: Rooms,
  { caller, body }: Creating,
  { id, value }: { id: number; value: string },
): KeyTable {
  const now = nowSeconds(rooms)
  return {
    id,
    account_id: caller.accountId,
    ...toColumns(rooms, id, value),
    name: body.name ?? '',
    status: KEY_ENABLED,
    created_time: now,
    accessed_time: now,
    expired_time: body.expired_time ?? NEVER_EXPIRES,
    unlimited_quota: body.unlimited_quota ? 1 : 0,
    model_limits_enabled: body.model_limits_enabled ? 1 : 0,
    model_limits: body.model_limits ?? '',
    allow_ips: body.allow_ips ?? null,
    group_name: body.group ?? '',
    cross_group_retry: body.cross_group_retry ? 1 : 0,
    extra: writeExtra(mergeExtra({}, body)),
    deleted_at: null,
  }
}

const shownInAudit = (row: KeyRow, now: number) => {
  const { key: _never, ...shown } = toRecord(row, '', now)
  return shown
}

/** A repeat reads the record that the first call made; its value only where it is stored. */
async function answerAgain(rooms: Rooms, asked: Creating, id: number): Promise<Answer> {
  const row = await findRow(rooms, asked.caller.accountId, id)
  if (row === undefined) return { headers: { Location: `/api/token/${id}` } }
  return answer(rooms, asked, { row, value: openValue(rooms, row) ?? masked(row) })
}

function answer(
  rooms: Rooms,
  asked: Creating,
  { row, value }: { row: KeyRow; value: string },
): Answer {
  const headers = { Location: `/api/token/${row.id}` }
  const preferred = PREFERS_RECORD.test(asked.headers.prefer ?? '')
  if (!preferred && rooms.settings.get('keys.reveal') !== 'never') return { headers }
  return {
    data: toRecord(row, value, nowSeconds(rooms)),
    headers: preferred ? { ...headers, 'Preference-Applied': 'return=representation' } : headers,
    secret: true,
  }
}

/** RFC 7240: preferences stand between commas, case does not matter, the value may be quoted. */
const PREFERS_RECORD = /(?:^|,)\s*return\s*=\s*"?representation"?\s*(?:[,;]|$)/i
