import type { NeutralEvent } from './neutral/answer.ts'

/**
 * Puts the parts of a stream one after the other, for dialects that have no more than one open at a time: what comes of a
 * later part waits until the ones before it are closed.
 */
export function createInOrder(): (event: NeutralEvent) => readonly NeutralEvent[] {
  const open: number[] = []
  const waiting = new Map<number, NeutralEvent[]>()

  /** The part at the head of the line was closed: those after it have their turn. */
  function advance(): NeutralEvent[] {
    const out: NeutralEvent[] = []
    open.shift()
    for (;;) {
      const part = open[0]
      if (part === undefined) return out
      const kept = waiting.get(part) ?? []
      waiting.delete(part)
      out.push(...kept)
      if (kept.at(-1)?.kind !== 'close') return out
      open.shift()
    }
  }

  return (event) => {
    if (!('part' in event)) return [event]
    if (event.kind === 'open') open.push(event.part)
    if (open[0] === event.part) return event.kind === 'close' ? [event, ...advance()] : [event]
    const kept = waiting.get(event.part)
    if (kept === undefined) waiting.set(event.part, [event])
    else kept.push(event)
    return []
  }
}
