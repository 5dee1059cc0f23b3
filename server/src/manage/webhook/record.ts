import { Refused } from '../../errors.ts'
import type { EventType } from '../../events/catalogue.ts'
import type { WebhookTable } from '../../storage/event-tables.ts'
import { checkHost } from '../channel/check.ts'
import type { Rooms } from '../rooms.ts'

/** What can be said of a webhook, in the wire's words. */
export interface WholeWebhook {
  readonly name: string
  readonly url: string
  readonly events: readonly EventType[]
  readonly status: 1 | 2
}

export const subjectOf = (id: number): string => `webhook ${id}`

export function toWhole({ name, url, events, status }: WebhookTable): WholeWebhook {
  return { name, url, events: JSON.parse(events), status: status === 1 ? 1 : 2 }
}

/** The record that administrators read. */
export function toRecord(row: WebhookTable, seconds: number) {
  const until = Number(row.former_until ?? 0)
  return {
    id: row.id,
    ...toWhole(row),
    former_secret_until: until > seconds ? until : 0,
    created_time: row.created_at,
  }
}

export const toColumns = ({ name, url, events, status }: WholeWebhook) => ({
  name,
  url,
  events: JSON.stringify(events),
  status,
})

/** What the schema can't say. @throws Refused `invalid_field`. */
export function checkWebhook({ url: text, events }: WholeWebhook, rooms: Pick<Rooms, 'program'>) {
  const refuse = (says: string) => new Refused('invalid_field', says)
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw refuse('url must be a URL that begins with http:// or https://')
  }
  // Receivers prove the sender by the signature; a password would stand in every list.
  if (url.username !== '' || url.password !== '') {
    throw refuse('url must not hold a user name or password')
  }
  if (url.hash !== '') throw refuse('url must not hold a fragment')
  checkHost('url', url.hostname, rooms.program.privateUpstreams)
  const twice = events.find((type, at) => events.indexOf(type) !== at)
  if (twice !== undefined) throw refuse(`events holds ${twice} twice`)
}

/** @throws Refused `not_found`. */
export async function webhookRow(rooms: Pick<Rooms, 'store'>, id: number): Promise<WebhookTable> {
  const row = await rooms.store.db
    .selectFrom('webhook')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw notThere(id)
  return row
}

export const notThere = (id: number) => new Refused('not_found', `there is no webhook ${id}`)
