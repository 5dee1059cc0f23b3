/** Long runs of letters and digits are keys more often than names. */
const SECRET_LIKE = /[\w-]{32,}/g

/** What a caller sent, fit to be said back: a key that stands where none belongs is cut short (contract 1). */
export const masked = (text: string): string =>
  text.replace(SECRET_LIKE, (run) => `${run.slice(0, 4)}...`)

/** Model ids come from callers: what is said back is short and on one line. */
export const quoted = (model: string): string => JSON.stringify(masked(model).slice(0, 100))
