import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import { Refused } from '../errors.ts'
import { readAddress } from '../keys/address-bits.ts'
import { statementOf } from '../storage/statement-of.ts'
import { mustChange, type Statement, type Store } from '../storage/store.ts'

interface Parts {
  readonly store: Store
  /** Names are kept as digests under it: what is typed into a field for names may be a password. */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** One attempt to guess a password, as it is counted before anybody knows whether it is right. */
export interface Attempt {
  /** It was right: the name's failures are forgotten, and the address is told one less. */
  succeeded(): Promise<void>
}

/** Makes whoever guesses wait, longer each time; the same for names that nobody has. */
export interface Backoff {
  /** @throws Refused `rate_limited` when it comes too soon; it is not counted then. */
  attempt(username: string, ip: string): Promise<Attempt>
  /** Counts for the address alone. @throws Refused `rate_limited` */
  visit(ip: string): Promise<void>
}

/** So many attempts go at once; from there on the wait doubles with each, from a second on, up to a quarter of an hour. */
const FREE_FOR_NAME = 5
/** Behind one address may be an office. */
const FREE_FOR_ADDRESS = 30
const LONGEST_DOUBLINGS = 10
const LONGEST_MS = 900_000
/** Whoever left off so long has forgotten the password, and begins anew. */
export const FORGOTTEN_AFTER_MS = 3_600_000

/** Counts in the database, so that neither a restart nor another node gives more attempts. */
export function createBackoff({ store, secret, now }: Parts): Backoff {
  return {
    async visit(ip) {
      const subject = `address ${networkOf(ip)}`
      const counted = { subject, free: FREE_FOR_ADDRESS, at: now() }
      const written = await store.write([counting(store, counted)])
      if (!written.done) throw await tooSoon(store, counted)
    },
    async attempt(username, ip) {
      const name = `name ${createHmac('sha256', secret).update(username).digest('base64url')}`
      const address = `address ${networkOf(ip)}`
      const at = now()
      const written = await store.write([
        counting(store, { subject: address, free: FREE_FOR_ADDRESS, at }),
        counting(store, { subject: name, free: FREE_FOR_NAME, at }),
      ])
      if (!written.done) {
        const [subject, free] =
          written.stoppedAt === 0 ? [address, FREE_FOR_ADDRESS] : [name, FREE_FOR_NAME]
        throw await tooSoon(store, { subject, free, at })
      }
      return {
        async succeeded() {
          await store.write([
            store.db.deleteFrom('sign_in_failure').where('subject', '=', name),
            statementOf(
              store.db,
              sql`update sign_in_failure set failures = failures - 1
                where subject = ${address} and failures > 0`,
            ),
          ])
        },
      }
    },
  }
}

interface Counted {
  readonly subject: string
  readonly free: number
  readonly at: number
}

/** Counts, unless it is too soon. One statement: attempts that come at once are counted one after the other. */
function counting({ db }: Store, { subject, free, at }: Counted): Statement {
  const over = sql`cast(sign_in_failure.failures - ${sql.lit(free)} as integer)`
  const wait = sql`case
    when sign_in_failure.failures < ${sql.lit(free)} then 0
    when sign_in_failure.failures >= ${sql.lit(free + LONGEST_DOUBLINGS)} then ${sql.lit(LONGEST_MS)}
    else 1000 << ${over} end`
  return mustChange(
    statementOf(
      db,
      sql`insert into sign_in_failure (subject, failures, last_at_ms) values (${subject}, 1, ${at})
        on conflict (subject) do update set
          failures = case when sign_in_failure.last_at_ms < ${at - FORGOTTEN_AFTER_MS}
            then 1 else sign_in_failure.failures + 1 end,
          last_at_ms = ${at}
        where sign_in_failure.last_at_ms + ${wait} <= ${at} returning subject`,
    ),
  )
}

async function tooSoon({ db }: Store, { subject, free, at }: Counted): Promise<Refused> {
  const row = await db
    .selectFrom('sign_in_failure')
    .select(['failures', 'last_at_ms'])
    .where('subject', '=', subject)
    .executeTakeFirst()
  const over = (row?.failures ?? 0) - free
  const wait = over >= LONGEST_DOUBLINGS ? LONGEST_MS : 1000 * 2 ** Math.max(0, over)
  const left = (row?.last_at_ms ?? at) + wait - at
  const retryAfter = Math.max(1, Math.ceil(left / 1000))
  const says = `too many attempts: the next one may come in ${retryAfter} s`
  return new Refused('rate_limited', says, { retryAfter })
}

const words = new Uint32Array(4)

/** Whoever has one address of IPv6 has the 2^64 beside it, too. */
function networkOf(ip: string): string {
  if (readAddress(ip, words) !== 'ipv6') return ip
  return `${(words[0] ?? 0).toString(16)}:${(words[1] ?? 0).toString(16)}::/64`
}
