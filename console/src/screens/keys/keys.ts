import { api, unwrap } from '../../api/client.ts'
import { PAGE_SIZE } from '../../ui/use-pages.ts'

/** A page of the account's keys, newest first; of those with `keyword` in their name, unless it is ''. */
export function fetchKeys(keyword: string, page: number, signal: AbortSignal) {
  const asked = { p: page, page_size: PAGE_SIZE }
  return keyword === ''
    ? unwrap(api.GET('/api/token', { params: { query: asked }, signal }))
    : unwrap(api.GET('/api/token/search', { params: { query: { ...asked, keyword } }, signal }))
}

export type KeyRecord = Awaited<ReturnType<typeof fetchKeys>>['items'][number]
