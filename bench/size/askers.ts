import type { managing } from '../gateway.ts'
import type { Extent } from './extent.ts'
import type { Asker, Askers } from './question.ts'

/** Accounts behind the large one, by their number: from many keys to a few. */
const OTHERS = [1, 3, 20, 90, 150, 250, 350]

type Manage = ReturnType<typeof managing>
interface KeyList {
  readonly total: number
  readonly items: readonly { id: number; name: string; key: string }[]
}

/** Gives accounts of a seeded installation tokens, and finds keys of theirs that calls were made with. */
export async function findAskers(
  manageAs: (authorization: string) => Manage,
  { admin, extent }: { readonly admin: string; readonly extent: Extent },
): Promise<Askers> {
  const asAdmin = manageAs(admin)
  const asker = async (number: number): Promise<Asker & { list: KeyList }> => {
    const account = extent.firstAccount + number
    const made = (await asAdmin('POST', `/api/user/${account}/access_tokens`, {
      name: 'bench',
    })) as unknown as { token: string }
    const own = manageAs(made.token)
    const list = (await own('GET', '/api/token/?page_size=100')) as unknown as KeyList
    const used = (await own('GET', '/api/log/self?status=200&page_size=1')) as unknown as {
      items: readonly { token_id: number }[]
    }
    const key = await own('GET', `/api/token/${used.items[0]?.token_id ?? list.items[0]?.id}`)
    const { id, key: keyValue, name } = key as typeof key & { name: string }
    return { keys: list.total, token: made.token, keyId: id, keyName: name, keyValue, list }
  }
  const large = await asker(0)
  const others: Asker[] = []
  for (const number of OTHERS) if (number < extent.accounts) others.push(await asker(number))
  return { admin, large, others, largeKeys: large.list.items.map(({ id }) => id), extent }
}
