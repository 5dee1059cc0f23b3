/** Before the tests: builds the console if what was built is older than what it is built from. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const CONSOLE = join(import.meta.dirname, '../..')
const SOURCES = ['src', 'public', 'index.html', 'vite.config.ts', 'package.json', 'scripts']

export default function setup(): void {
  const built = join(CONSOLE, 'dist/index.html')
  const newest = Math.max(...SOURCES.map((source) => newestIn(join(CONSOLE, source))))
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return
  execFileSync(process.execPath, [join(CONSOLE, 'scripts/build.ts')], { stdio: 'inherit' })
}

function newestIn(path: string): number {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  const inside = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return Math.max(mtimeMs, ...inside.map((name) => statSync(join(path, name)).mtimeMs))
}
