import type { Caller } from '../../accounts/caller.ts'
import type { Compilable } from '../../storage/store.ts'
import type { Rooms } from '../rooms.ts'

/** Who did something, from where; every `Asked` is one. */
export interface Doer {
  readonly caller: Pick<Caller, 'accountId' | 'username' | 'tokenId'>
  readonly ip: string
  readonly requestId: string
}

/** The program itself, as whoever sits at the machine has it do something; `part` says on what occasion. */
export const theProgram = (part: 'first start' | 'command line'): Doer => ({
  caller: { accountId: 0, username: part, tokenId: 0 },
  ip: '',
  requestId: '',
})

/** One change: `action` as `key.update`, `subject` as `key 12`. Only values that may be shown: never a secret. */
export interface Deed {
  readonly action: string
  readonly subject: string
  readonly before?: object | null
  readonly after?: object | null
}

/** For people: who did it. `admin (token 3)`. */
export function actorOf(doer: Pick<Doer, 'caller'>): string {
  const { username, tokenId } = doer.caller
  return tokenId === 0 ? username : `${username} (token ${tokenId})`
}

/** The statement that notes a change in the audit log. It goes into the same `store.write` as the change itself. */
export function auditStatement(
  rooms: Pick<Rooms, 'store' | 'now'>,
  doer: Doer,
  deed: Deed,
): Compilable {
  return rooms.store.db.insertInto('audit').values({
    created_at: Math.floor(rooms.now() / 1000),
    actor_id: doer.caller.accountId,
    actor: actorOf(doer),
    ip: doer.ip,
    action: deed.action,
    subject: deed.subject,
    before: text(deed.before),
    after: text(deed.after),
    request_id: doer.requestId,
  })
}

const text = (state: object | null | undefined) =>
  state === undefined || state === null ? null : JSON.stringify(state)
