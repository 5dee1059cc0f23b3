/** Binds a sealed value to its key's record, so that a row copied onto another does not open. */
export const keySeal = (id: number): string => `key:${id}`
