type Read<Search> = (search: Record<string, unknown>) => Search

/**
 * For `validateSearch`: what `read` makes of an address, and nothing else. By itself the router keeps beside it whatever
 * was left out, so that nonsense would reach the screen after all.
 */
export const exactSearch =
  <Search extends object>(read: Read<Search>): Read<Search> =>
  (search) => ({
    ...Object.fromEntries(Object.keys(search).map((name) => [name, undefined])),
    ...read(search),
  })
