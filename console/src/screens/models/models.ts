import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client.ts'

/** What the account's keys may call. */
export const modelsQuery = queryOptions({
  queryKey: ['models', 'own'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/user/self/models', { signal })),
})

export type Model = Awaited<ReturnType<NonNullable<typeof modelsQuery.queryFn>>>[number]
export type Price = NonNullable<Model['price']>
export type ServingGroup = Model['groups'][number]

/** Kinds of tokens, paid by the million. The order is that of a price list. */
export const TOKEN_KINDS = [
  ...(['input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning'] as const),
  ...(['input_audio', 'cache_read_audio', 'output_audio', 'image', 'cache_read_image'] as const),
  ...(['output_image', 'input_video', 'output_video', 'citation'] as const),
] as const
export type TokenKind = (typeof TOKEN_KINDS)[number]

/** What is paid by the piece. */
export const PIECES = [
  ...(['per_request', 'per_image', 'per_second', 'per_hour'] as const),
  ...(['per_search', 'per_file_search', 'per_code_run'] as const),
] as const

/** The tokens' prices of a call, or of calls with a longer input. */
export type Rates = Pick<Price, TokenKind>

/** US dollars at a group's ratio; undefined where the price does not name it. */
export const dollarsOf = (written: string | number | undefined, ratio: number) =>
  written === undefined ? undefined : Number(written) * ratio

export interface ModelFilter {
  readonly words: string
  readonly provider: string
  readonly group: string
}

/** Empty texts mean any. */
export const matches = (model: Model, { words, provider, group }: ModelFilter): boolean =>
  model.id.toLowerCase().includes(words.toLowerCase()) &&
  (provider === '' || model.provider === provider) &&
  (group === '' || model.groups.some(({ name }) => name === group))

/** Where its price is shown for: the group that was chosen, else the account's own, else the cheapest that serves it. */
export function shownGroup(model: Model, chosen: string, own: string): ServingGroup {
  const named = (wanted: string) => model.groups.find(({ name }) => name === wanted)
  const [cheapest = { name: own, ratio: 1 }] = model.groups.toSorted((a, b) => a.ratio - b.ratio)
  return named(chosen) ?? named(own) ?? cheapest
}

/** Every value once, sorted, without ''. */
export const distinct = (values: readonly string[]): readonly string[] =>
  [...new Set(values)].filter((value) => value !== '').sort()
