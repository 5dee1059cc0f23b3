import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { requireFresh } from '../../sign-in/fresh.ts'
import { digestOfToken, emailStatements, linkTo, newToken } from '../../sign-in/one-time-links.ts'
import { UniqueViolation } from '../../storage/failures.ts'
import { mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { EMAIL, LONGEST_EMAIL } from './fields.ts'
import { accountOf } from './record.ts'

const VALID_MS = 3_600_000

/** `PUT /api/user/self/email`: nothing changes until somebody who reads the new address says that it is theirs. */
export const changeOwnEmail = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/user/self/email',
    scope: 'account:write',
    summary: 'Change the e-mail address of your account, or take it away',
    description:
      "Takes a session of the console that was opened within a day. The address counts once the link that is sent to it is opened, within an hour; then the former one is told. `null` takes the address away at once. A gateway that sends no e-mail leaves addresses to administrators (`mail_off`): one that nobody proved could be somebody else's.",
    tag: 'Your account',
    body: Type.Object({
      email: Type.Union([Type.String({ maxLength: LONGEST_EMAIL, pattern: EMAIL }), Type.Null()]),
    }),
    data: Type.Object({ sent: Type.Boolean({ description: 'Whether a link was sent.' }) }),
    async run(asked) {
      requireFresh(asked.caller, rooms.now())
      const { email } = asked.body
      if (email === null) {
        await removeEmail(rooms, asked)
        return { data: { sent: false } }
      }
      const { mail } = rooms
      if (mail === undefined) throw new Refused('mail_off')
      // Else an account could have the gateway write to everybody.
      await rooms.backoff.visit(asked.ip)
      const { accountId, username } = asked.caller
      const address = email.toLowerCase()
      const token = newToken(rooms.random)
      const now = rooms.now()
      const wanted = { accountId, email: address, token, now, expiresAt: now + VALID_MS }
      await rooms.store.write(emailStatements(rooms.store, wanted))
      await mail.send({ to: address, ...confirmation(mail.consoleUrl, username, token) })
      return { data: { sent: true } }
    },
  })

/** `POST /api/user/self/email/confirm` */
export const confirmOwnEmail = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/user/self/email/confirm',
    scope: 'account:write',
    summary: 'Say that an e-mail address is yours, by the link that was sent to it',
    description: 'By the account that asked for it: a link alone gives nobody an address.',
    tag: 'Your account',
    body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 100, writeOnly: true }) }),
    data: Type.Object({ email: Type.String() }),
    async run(asked) {
      await rooms.backoff.visit(asked.ip)
      const { accountId } = asked.caller
      const identifier = digestOfToken(`email:${asked.body.token}`)
      const row = await rooms.store.db
        .selectFrom('verification')
        .select('value')
        .where('identifier', '=', identifier)
        .where('expires_at_ms', '>', rooms.now())
        .executeTakeFirst()
      const prefix = `email ${accountId} `
      if (!row?.value.startsWith(prefix)) throw new Refused('link_refused')
      const email = row.value.slice(prefix.length)
      const before = await accountOf(rooms, accountId)
      await setEmail(rooms, asked, { email, identifier })
      if (before.email !== null && before.email !== email) {
        await tellFormer(rooms, before.email, `It is ${email} now.`)
      }
      return { data: { email } }
    },
  })

interface Proven {
  readonly email: string
  readonly identifier: string
}

async function setEmail(rooms: Rooms, asked: Asked, { email, identifier }: Proven): Promise<void> {
  const { db } = rooms.store
  const { accountId } = asked.caller
  const link = db.deleteFrom('verification').where('identifier', '=', identifier)
  const account = db
    .updateTable('account')
    .set({ email, email_verified: 1 })
    .where('id', '=', accountId)
    .where('deleted_at', 'is', null)
  try {
    const written = await rooms.store.write(
      [mustChange(link), mustChange(account), audited(rooms, asked, email)],
      [{ kind: 'account', subject: String(accountId) }],
    )
    if (!written.done) throw new Refused('link_refused')
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error
    throw new Refused('already_exists', 'another account has this address')
  }
}

async function removeEmail(rooms: Rooms, asked: Asked): Promise<void> {
  const { accountId } = asked.caller
  const { email } = await accountOf(rooms, accountId)
  if (email === null) return
  const { db } = rooms.store
  await rooms.store.write(
    [
      db.updateTable('account').set({ email: null, email_verified: 0 }).where('id', '=', accountId),
      audited(rooms, asked, null),
    ],
    [{ kind: 'account', subject: String(accountId) }],
  )
  await tellFormer(rooms, email, 'It has none now.')
}

const audited = (rooms: Rooms, asked: Asked, email: string | null) =>
  auditStatement(rooms, asked, {
    action: 'account.update',
    subject: `account ${asked.caller.accountId}`,
    after: { email },
  })

const confirmation = (consoleUrl: string, username: string, token: string) => ({
  subject: 'Confirm your e-mail address',
  text: `The account ${username} at ${consoleUrl} wants to have this address.

If it is yours, confirm it here, within an hour: ${linkTo(consoleUrl, 'settings', token)}

If it was not you, there is nothing to do: nothing changes.
`,
})

/** Whoever took an account over would begin with its address. */
async function tellFormer({ mail }: Rooms, email: string, now: string): Promise<void> {
  await mail?.send({
    to: email,
    subject: 'Your e-mail address was changed',
    text: `Your account at ${mail.consoleUrl} has another e-mail address. ${now}

If it was not you, change your password at once, and tell the administrator.
`,
  })
}
