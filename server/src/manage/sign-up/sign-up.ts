import Type from 'typebox'
import { GroupGone, type NewAccount } from '../../accounts/accounts.ts'
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../../accounts/passwords.ts'
import { Refused } from '../../errors.ts'
import { digestOfToken } from '../../sign-in/one-time-links.ts'
import { UniqueViolation } from '../../storage/failures.ts'
import { mustChange, type Statement } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { taken } from '../user/create.ts'
import { checkUsername } from '../user/fields.ts'

/** What a new account begins with, and what must be written with it. */
interface Welcome {
  readonly group: string
  readonly quota: number
  also(id: number): readonly Statement[]
}

/** `POST /api/sign_up` */
export const signUp = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/sign_up',
    scope: 'public',
    summary: 'Make an account of your own, where sign-up is open or by invitation',
    description: 'See `sign_in.sign_up` of `GET /api/status`. Sign in afterwards.',
    tag: 'Your account',
    body: Type.Object({
      username: Type.String({ minLength: 1, maxLength: 64 }),
      password: Type.String({
        minLength: SHORTEST_PASSWORD,
        maxLength: LONGEST_PASSWORD,
        writeOnly: true,
      }),
      token: Type.Optional(
        Type.String({ maxLength: 100, description: "Of an invitation's link, behind `#token=`." }),
      ),
    }),
    data: Type.Object({ id: Type.Integer(), username: Type.String() }),
    async run(asked) {
      const { password, token } = asked.body
      const username = checkUsername(asked.body.username)
      const welcome = await welcomeOf(rooms, token)
      await rooms.backoff.visit(asked.ip)
      const wanted: NewAccount = {
        ...{ username, role: 'user', groups: [], unlimited: false },
        ...{ group: welcome.group, quota: welcome.quota },
        passwordHash: await rooms.turns.take(() => rooms.passwords.hash(password)),
      }
      const id = await create(rooms, wanted, (id) => {
        const doer = { ...asked, caller: { accountId: id, username, tokenId: 0 } }
        const after = { username, group: welcome.group, quota: welcome.quota, by: 'sign-up' }
        const audited = { action: 'account.create', subject: `account ${id}`, after }
        return [...welcome.also(id), auditStatement(rooms, doer, audited)]
      })
      return { data: { id, username } }
    },
  })

async function create(
  rooms: Rooms,
  wanted: NewAccount,
  also: (id: number) => ReturnType<NonNullable<Parameters<Rooms['accounts']['create']>[1]['also']>>,
): Promise<number> {
  try {
    return await rooms.accounts.create(wanted, { actor: wanted.username, also })
  } catch (error) {
    // The group is gone, or somebody else took the invitation at this moment.
    if (error instanceof GroupGone) throw new Refused('invitation_refused')
    throw error instanceof UniqueViolation ? taken(error, wanted.username) : error
  }
}

/** @throws Refused when nobody may sign up here, or not by this token. */
async function welcomeOf(rooms: Rooms, token: string | undefined): Promise<Welcome> {
  const mode = rooms.settings.get('sign_up.mode')
  if (mode === 'off') throw new Refused('sign_up_closed')
  if (token !== undefined) return invited(rooms, token)
  if (mode === 'invite') throw new Refused('invitation_refused', 'sign-up needs an invitation here')
  return { group: 'default', quota: rooms.settings.get('sign_up.quota'), also: () => [] }
}

async function invited(rooms: Rooms, token: string): Promise<Welcome> {
  const { db } = rooms.store
  const now = nowSeconds(rooms)
  const row = await db
    .selectFrom('invitation')
    .selectAll()
    .where('digest', '=', digestOfToken(token))
    .where('used_by', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  if (row === undefined) throw new Refused('invitation_refused')
  const use = (id: number) =>
    db
      .updateTable('invitation')
      .set({ used_by: id, used_at: now })
      .where('id', '=', row.id)
      .where('used_by', 'is', null)
  return { group: row.group_name, quota: row.quota, also: (id) => [mustChange(use(id))] }
}
