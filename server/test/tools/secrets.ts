/**
 * What must never be seen: every secret that a test uses is noted here, and everything the gateway says is searched
 * for it when the gateway is closed.
 */

/** Something the gateway said: a log line, a line it printed, or an answer. */
export interface Said {
  readonly where: string
  readonly text: string
  /** Answers that hold a secret on purpose say so to every cache on their way. */
  readonly noStore?: boolean
}

/** Where secrets were found, without saying them. */
export function leaks(secrets: ReadonlySet<string>, said: readonly Said[]): string[] {
  const found: string[] = []
  for (const { where, text, noStore } of said) {
    if (noStore === true) continue
    for (const secret of secrets) {
      if (text.includes(secret)) found.push(`${where} holds ${secret.slice(0, 9)}...`)
    }
  }
  return found
}

/** The same for the bytes of files, where a text may begin anywhere. */
export function leaksInBytes(secrets: ReadonlySet<string>, where: string, bytes: Buffer): string[] {
  return [...secrets]
    .filter((secret) => bytes.includes(secret))
    .map((secret) => `${where} holds ${secret.slice(0, 9)}...`)
}
