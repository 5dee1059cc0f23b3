import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

const LEAST_NODE = 24

/** The version in package.json, which is the only place that it stands in. */
export function programVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return version
}

/** Machine and process, for whoever looks at several. */
export const programName = (): string => `${hostname()}:${process.pid}`

/** What is wrong with this Node, in words; undefined when it will do. */
export function whyNotNode(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= LEAST_NODE) return undefined
  return `Turnpike needs Node ${LEAST_NODE} or later, and this is Node ${version}. \`npm install && npm start\` brings its own.`
}
