/** What a command may know of the world around it. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where relative paths begin. */
  readonly folder: string
  /** What was asked for. */
  say(text: string): void
  /** Everything else, such as hints and errors. */
  complain(text: string): void
}

/** How a program ends: 0 done, 1 failed (or `doctor` found something), 2 not understood. */
export const DONE = 0
export const FAILED = 1
export const NOT_UNDERSTOOD = 2
