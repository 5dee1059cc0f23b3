/**
 * Every gate but the tests, one after the other, each with the time it took. All of them run even when one fails:
 * one call shows everything there is to mend.
 */
import { spawnSync } from 'node:child_process'

const gates: Readonly<Record<string, string>> = {
  'format and lint': 'biome check --error-on-warnings .',
  'lint with types': 'oxlint --type-aware --deny-warnings',
  names: 'node scripts/names.ts',
  types: 'tsc && tsc -p console/test',
  'types of the console': 'node console/scripts/types.ts && tsc -p console',
  'unused code': 'knip',
  'pages made from code': 'node scripts/docs.ts --check',
  sizes: 'node scripts/sizes.ts',
}

const failed: string[] = []
for (const [gate, command] of Object.entries(gates)) {
  const startedAt = performance.now()
  // Through a shell, so that the commands that npm puts on the PATH are also found on Windows.
  const { status } = spawnSync(command, { shell: true, stdio: 'inherit' })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${gate} (${command}), ${seconds} s\n`)
  if (status !== 0) failed.push(gate)
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`)
  process.exitCode = 1
}
