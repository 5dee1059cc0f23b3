import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'

const CONSOLE = join(import.meta.dirname, '../..')
const SOURCES = ['src', 'public', 'index.html', 'vite.config.ts', 'package.json', 'scripts']

/**
 * Before the tests: unpacks the browser, which several that start at once would do over each other, and builds the console
 * if what was built is older than what it is built from.
 */
export default async function setUp(): Promise<void> {
  await chromium.executablePath()
  buildConsole()
}

function buildConsole(): void {
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
