import { setTimeout as pause } from 'node:timers/promises'
import { DEAD_MS } from '../lanes/reaper.ts'
import type { NodeStanding } from '../store.ts'

const LOOK_EVERY_MS = 500

/**
 * The name of a node that lives, besides our own; undefined when there is none. One that crashed stays registered until
 * another returns what it held, so the lanes are watched for as long as nodes watch each other: a living one shows
 * within seconds.
 */
export async function livingNode(
  nodes: () => Promise<readonly NodeStanding[]>,
): Promise<string | undefined> {
  const first = new Map((await others(nodes)).map((node) => [node.id, standOf(node)]))
  if (first.size === 0) return undefined
  for (const until = performance.now() + DEAD_MS; performance.now() < until; ) {
    await pause(LOOK_EVERY_MS)
    const moved = (await others(nodes)).find((node) => first.get(node.id) !== standOf(node))
    if (moved !== undefined)
      return `${moved.name || 'a command or node without a name'} (number ${moved.id})`
  }
  return undefined
}

const others = async (nodes: () => Promise<readonly NodeStanding[]>) =>
  (await nodes()).filter(({ self }) => !self)

const standOf = ({ moves, settles }: NodeStanding) => `${moves} ${settles}`
