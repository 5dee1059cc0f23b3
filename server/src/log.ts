import { type DestinationStream, type Logger, pino } from 'pino'

/** Causes of causes are told so far. */
const MOST_CAUSES = 3

/** The program's log: a JSON object a line. What is thrown stands under `error` or `failure`, as `errorText` has it. */
export const openLog = (level: string, lines: DestinationStream): Logger =>
  pino({ level, base: null, serializers: { error: toText, failure: toText } }, lines)

/** By themselves errors are written as `{}`, with whatever was put beside their message. */
const toText = (told: unknown): unknown => (told instanceof Error ? errorText(told) : told)

/** Stack and message, also of the causes, never the values that came with them: a database's error can hold the row. */
export function errorText(error: unknown): string {
  const texts: string[] = []
  let next = error
  while (next instanceof Error && texts.length <= MOST_CAUSES) {
    texts.push(next.stack ?? next.message)
    next = next.cause
  }
  return texts.length === 0 ? typeof error : texts.join('\ncaused by ')
}
