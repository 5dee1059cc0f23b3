import { type Running, residentBytes } from '../processes.ts'

const YOUNG = /^nodejs_heap_space_size_total_bytes\{space="new"\} (\S+)$/m

/**
 * Bytes that a gateway holds, without the rooms for young objects of its main thread: the engine takes up to 48 MiB for
 * them, in steps and when it likes, and empties them over and over, so that nothing can pile up there.
 */
export async function lastingBytes({ pid, url }: Pick<Running, 'pid' | 'url'>): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const [, young] = YOUNG.exec(metrics) ?? []
  if (young === undefined) throw new Error('the metrics do not say how large the heap is')
  return residentBytes(pid) - Number(young)
}
