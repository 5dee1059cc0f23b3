import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startGateway } from '../gateway.ts'
import { type Goals, median } from '../goals.ts'
import { press } from '../press.ts'
import { cpuMicroseconds, residentBytes } from '../processes.ts'
import { SCENARIOS } from '../scenarios.ts'
import type { Installation } from '../size/make.ts'

const DIST = join(import.meta.dirname, '../../console/dist')
const AWAY = `${DIST}.away`
const WARM_UP = 2
const SECONDS = 5
const SETTLED_MS = 1000
/** What the same build differs by from itself on a machine with others on it. */
const MOST_TIMES = 1.05

interface Cost {
  /** Right after the start, in bytes. */
  readonly memory: number
  /** Microseconds of one call of a kilobyte. */
  readonly cpu: number
}

async function costOf({ folder, adminToken, loadKey }: Installation): Promise<Cost> {
  const gateway = await startGateway({ folder, adminToken })
  try {
    await pause(SETTLED_MS)
    const memory = residentBytes(gateway.pid)
    const load = {
      ...{ url: gateway.url, keys: loadKey, answer: 'small', connections: 32 },
      body: SCENARIOS[0]?.body ?? '',
    }
    await press({ ...load, seconds: WARM_UP })
    const before = cpuMicroseconds(gateway.pid)
    const measured = await press({ ...load, seconds: SECONDS })
    if (Object.keys(measured.statuses).join() !== '200') throw new Error(JSON.stringify(measured))
    return { memory, cpu: (cpuMicroseconds(gateway.pid) - before) / measured.requests }
  } finally {
    await gateway.stop()
  }
}

/** The same without the console: what was built is moved away meanwhile. */
async function costWithout(installation: Installation): Promise<Cost> {
  renameSync(DIST, AWAY)
  try {
    return await costOf(installation)
  } finally {
    renameSync(AWAY, DIST)
  }
}

/** What the console costs the relay while nobody looks, as multiples of a gateway where it is not built. */
export async function measureRelayCost(
  installation: Installation,
  goals: Goals,
  times: number,
): Promise<void> {
  // A run that was killed.
  if (existsSync(AWAY) && !existsSync(DIST)) renameSync(AWAY, DIST)
  const costs: { readonly built: Cost; readonly without: Cost }[] = []
  for (let time = 0; time < times; time++) {
    costs.push({ built: await costOf(installation), without: await costWithout(installation) })
  }
  for (const [what, figure] of [
    ['memory after the start', 'memory'],
    ['processor time of a 1 KB call', 'cpu'],
  ] as const) {
    const built = median(costs.map((one) => one.built[figure]))
    const without = median(costs.map((one) => one.without[figure]))
    goals.tell(
      `${what}, console built`,
      figure === 'cpu' ? built : built / 2 ** 20,
      figure === 'cpu' ? 'us' : 'MiB',
    )
    goals.atMost(`${what}: console built, to not built`, built / without, MOST_TIMES, 'x')
  }
}
