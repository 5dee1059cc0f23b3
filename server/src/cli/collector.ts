import { setFlagsFromString } from 'node:v8'

/**
 * A call leaves a few kilobytes of short-lived objects behind. With V8's defaults (a young generation that
 * starts at 1 MiB, collected by helper threads) most of them are copied once before they die, and the helpers' hand-over
 * costs more than their help: measured, a quarter of the processor time of a 1 KB call. So it grows at once, and is
 * collected by the thread that owns it. How far it grows can't be said here any more, only on the command line: of V8's
 * own 32 MiB and of 8, 4 and 2, the first was measured cheapest, and the last a fifth dearer. Nor may the old generation be
 * kept small (`--heap-growing-percent`): bodies of 100 KB then cost half as much again.
 */
const FLAGS = ['--semi-space-growth-factor=4', '--no-parallel-scavenge']

/** Tunes V8's collector for this process and all its threads. Before anything large is loaded. */
export function tuneCollector(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}
