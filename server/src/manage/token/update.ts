import Type, { type Static } from 'typebox'
import type { Caller } from '../../accounts/caller.ts'
import { readBudgets } from '../../budgets/budget.ts'
import { changeRunningPeriods } from '../../budgets/change.ts'
import { Refused } from '../../errors.ts'
import { keyEntity } from '../../ledger/entity.ts'
import { setBalance } from '../../ledger/statements.ts'
import { type Compilable, mustChange, type Statement } from '../../storage/store.ts'
import { actorOf, auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { type KeyChange, toChange } from './change.ts'
import { readExtra } from './extra.ts'
import { keyFields } from './fields.ts'
import { keyRecord, showRow } from './record.ts'
import { type KeyRow, ownRow, selectKey, subjectOf, updateKey } from './rows.ts'
import { checkAutoGroups, checkFields, checkGroup, checkOwnFallbacks } from './rules.ts'
import { judgeStatus } from './status.ts'

const body = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Id of the key.' }),
  ...keyFields,
  status: Type.Optional(
    Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)], {
      description:
        '1 enables, 2 disables. 3 or 4 mean "unchanged" when the key shows just that; else they block it until 1 is sent.',
    }),
  ),
})
type Sent = Static<typeof body>

const query = Type.Object({
  status_only: Type.Optional(Type.Boolean({ description: 'Changes nothing but the status.' })),
})

/** `PUT /api/token/`: changes what is sent and keeps the rest. A record that was read and is sent back changes nothing. */
export const updateApiKey = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/token',
    scope: 'keys:write',
    tag: 'Keys',
    summary: 'Update an API key',
    description:
      '`remain_quota` is set when the change is committed; running calls settle against the new value. The answer is the record as it was then.',
    query,
    body,
    data: keyRecord,
    async run(asked) {
      const sent = asked.query.status_only ? statusAlone(asked.body) : asked.body
      checkFields(sent)
      return showRow(rooms, asked.caller, await applyUpdate(rooms, asked, sent))
    },
  })

/** Makes a change whose fields were checked. @throws Refused; also for a key that is not there, or gone meanwhile. */
export async function applyUpdate(rooms: Rooms, asked: Asked, sent: Sent): Promise<KeyRow> {
  let after: KeyRow | undefined
  // Again when another update came between: what that one changed must be kept. A key that is gone ends it.
  while (after === undefined) after = await update(rooms, asked, sent)
  return after
}

/** The row as it is then; undefined when it was changed after it was read, in a column that both write. */
async function update(rooms: Rooms, asked: Asked, sent: Sent): Promise<KeyRow | undefined> {
  const { caller } = asked
  const before = await ownRow(rooms, caller.accountId, sent.id)
  checkNewGroups(caller, before, sent)
  const change = toChange(before, sent)
  checkChangedFallbacks(before, change)
  judge(rooms, { before, change, sent })
  return write(rooms, asked, { before, change, sent })
}

function statusAlone({ id, status }: Sent): Sent {
  if (status === undefined)
    throw new Refused('invalid_field', 'status is required with status_only')
  return { id, status }
}

/** A group the key has already is not judged anew: a record read and sent back must go through. */
function checkNewGroups(caller: Caller, before: KeyRow, sent: Sent): void {
  if (sent.group !== undefined && sent.group !== before.group_name) checkGroup(caller, sent.group)
  const { auto_groups: kept = [] } = readExtra(before.extra)
  const added = sent.auto_groups?.filter((group) => !kept.includes(group)) ?? []
  checkAutoGroups(caller, added)
}

/** The fallbacks and the models of the key, as they will be; those that it has already are not judged anew. */
function checkChangedFallbacks(before: KeyRow, { columns }: KeyChange): void {
  const after = { ...before, ...columns }
  const { fallback_models: models = [] } = readExtra(after.extra)
  const { fallback_models: former = [] } = readExtra(before.extra)
  const isLimited = after.model_limits_enabled === 1
  const isNarrower =
    isLimited && (columns.model_limits ?? columns.model_limits_enabled) !== undefined
  const judged = isNarrower ? models : models.filter((model) => !former.includes(model))
  checkOwnFallbacks({ ...after, model_limits_enabled: isLimited }, judged)
}

interface Updating {
  readonly before: KeyRow
  readonly change: KeyChange
  readonly sent: Sent
}

/** Adds the status to the change, judged on the record as it will be afterwards. */
function judge(rooms: Rooms, { before, change, sent }: Updating): void {
  if (sent.status === undefined) return
  const after = { ...before, ...change.columns, remain: sent.remain_quota ?? before.remain }
  const status = judgeStatus({ wanted: sent.status, before, after }, nowSeconds(rooms))
  if (status !== before.status) change.columns.status = status
}

async function write(
  rooms: Rooms,
  asked: Asked,
  { before, change, sent }: Updating,
): Promise<KeyRow | undefined> {
  const { accountId } = asked.caller
  const { id } = before
  const quota = sent.remain_quota
  const statements: (Statement | Compilable)[] = [
    mustChange(changeKey(rooms, accountId, { before, change })),
    ...changedBudgets(rooms, asked, { before, change }),
  ]
  if (quota !== undefined) {
    const set = { entity: keyEntity(id), amount: quota, actor: actorOf(asked) }
    statements.push(...setBalance(rooms.store, { ...set, seconds: nowSeconds(rooms) }))
  }
  const seen = { ...change.columns, ...(quota === undefined ? {} : { remain_quota: quota }) }
  const names = Object.keys(seen)
  if (names.length === 0) return before
  const was = { ...before, remain_quota: before.remain }
  const shown = Object.fromEntries(names.map((name) => [name, Reflect.get(was, name)]))
  if (names.some((name) => Reflect.get(seen, name) !== Reflect.get(shown, name))) {
    const deed = { action: 'key.update', subject: subjectOf(id), before: shown, after: seen }
    statements.push(auditStatement(rooms, asked, deed))
  }
  // Read in the same transaction: a moment later calls may have spent some of the quota that was set.
  statements.push(selectKey(rooms, accountId, id))
  const written = await rooms.store.write(statements, [{ kind: 'key', subject: String(id) }])
  // The columns are those that Kysely was asked for.
  return written.done ? (written.rows.at(-1)?.[0] as unknown as KeyRow) : undefined
}

/** What running periods have left of new amounts. */
function changedBudgets(
  rooms: Rooms,
  asked: Asked,
  { before, change }: Pick<Updating, 'before' | 'change'>,
): readonly Statement[] {
  const { extra } = change.columns
  if (extra === undefined) return []
  return changeRunningPeriods(rooms, {
    whose: 'key',
    owner: keyEntity(before.id),
    before: readBudgets(before.extra),
    after: readBudgets(extra),
    actor: actorOf(asked),
  })
}

/** Of a living key. The column `extra` holds several fields, so it is only replaced as it was read. */
function changeKey(
  rooms: Rooms,
  accountId: number,
  { before, change }: Pick<Updating, 'before' | 'change'>,
) {
  // An update needs at least one column.
  const changed = updateKey(rooms, accountId, before.id).set({ id: before.id, ...change.columns })
  if (change.columns.extra === undefined) return changed
  return changed.where('extra', 'is not distinct from', before.extra)
}
