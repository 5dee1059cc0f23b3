import type { Vault } from '../keys/vault.ts'
import type { Compilable, Store } from '../storage/store.ts'

/**
 * Encrypts the second factors of all accounts anew, in the form of the library that wrote them. Resolves with how many;
 * names those that don't open.
 */
export async function renewSecondFactors(
  store: Store,
  vault: Vault,
  broken: string[],
): Promise<number> {
  const { db } = store
  const rows = await db.selectFrom('two_factor').selectAll().execute()
  if (rows.length === 0) return 0
  const renewed = await renewer(vault)
  const statements: Compilable[] = []
  for (const { id, account_id, secret, backup_codes } of rows) {
    const fresh = await Promise.all([renewed(secret), renewed(backup_codes)]).catch(() => undefined)
    if (fresh === undefined) broken.push(`the second factor of account ${account_id}`)
    else {
      const [secret, backup_codes] = fresh
      statements.push(
        db.updateTable('two_factor').set({ secret, backup_codes }).where('id', '=', id),
      )
    }
  }
  if (statements.length > 0) await store.write(statements)
  return statements.length
}

async function renewer(vault: Vault): Promise<(sealed: string) => Promise<string>> {
  const { symmetricDecrypt, symmetricEncrypt } = await import('better-auth/crypto')
  const secrets = vault.secretsFor('sign-in')
  const key = {
    keys: new Map(secrets.map(({ pepperId, secret }) => [pepperId, secret])),
    currentVersion: vault.pepperId,
  }
  return async (sealed) =>
    symmetricEncrypt({ key, data: await symmetricDecrypt({ key, data: sealed }) })
}
