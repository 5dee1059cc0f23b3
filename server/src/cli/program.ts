import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** The version in package.json, which is the only place that it stands in. */
export function programVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return version
}

/** Machine and process, for whoever looks at several. */
export const programName = (): string => `${hostname()}:${process.pid}`
