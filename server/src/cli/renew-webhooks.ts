import { webhookSeal } from '../events/signature.ts'
import type { Vault } from '../keys/vault.ts'
import type { Store } from '../storage/store.ts'
import { unlessBroken } from './unless-broken.ts'

/** Encrypts the secrets of all webhooks anew. Resolves with how many; names those that don't open. */
export async function renewWebhooks(store: Store, vault: Vault, broken: string[]): Promise<number> {
  const rows = await store.db
    .selectFrom('webhook')
    .select(['id', 'secret', 'former_secret'])
    .execute()
  const statements = rows.flatMap(({ id, secret, former_secret: former }) =>
    unlessBroken(broken, `webhook ${id}`, () => {
      const renewed = (sealed: string) =>
        vault.seal(vault.open(sealed, webhookSeal(id)), webhookSeal(id))
      return store.db
        .updateTable('webhook')
        .set({ secret: renewed(secret), former_secret: former === null ? null : renewed(former) })
        .where('id', '=', id)
    }),
  )
  if (statements.length > 0) await store.write(statements)
  return statements.length
}
