const SHAPE = /^tpat_[\w-]{43}$/

/** Whether a text could be one of our personal access tokens. */
export const isAccessTokenShaped = (text: string): boolean => SHAPE.test(text)

/** In characters. */
export const LONGEST_TOKEN_NAME = 64
