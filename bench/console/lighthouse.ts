import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import chromium from '@sparticuz/chromium'
import { CHROMIUM_FLAGS } from '../../console/test/tools/chromium.ts'
import type { Goals } from '../goals.ts'
import { stopProcess } from '../processes.ts'
import type { Place } from './visits.ts'

/** What is used of the package, which is not installed here. */
interface Lighthouse {
  default(
    url: string,
    flags: object,
    config?: object,
  ): Promise<{ lhr: { categories: Record<string, { score: number | null }> } }>
  readonly desktopConfig: object
}

const PATHS = ['/sign-in', '/overview', '/keys']
const CATEGORIES = ['performance', 'accessibility', 'best-practices']
const LEAST_SCORE = 95

/** A browser that only Lighthouse drives: it fails beside another driver. */
async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'turnpike-lighthouse-'))
  const flags = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`]
  const browser = spawn(await chromium.executablePath(), [...CHROMIUM_FLAGS, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stop = async () => {
    await stopProcess(browser)
    rmSync(profile, { recursive: true, force: true })
  }
  for await (const line of createInterface(browser.stderr)) {
    const [, port] = /^DevTools listening on ws:.*:(\d+)\//.exec(line) ?? []
    if (port !== undefined) return { port: Number(port), stop }
  }
  throw new Error('the browser ended before it listened')
}

/** Scores of 0 to 100. On a phone, for which Lighthouse imagines a slow network, they are only told. */
export async function measureLighthouse(place: Place, goals: Goals, file: string): Promise<void> {
  const { default: judge, desktopConfig }: Lighthouse = await import(pathToFileURL(file).href)
  const browser = await startBrowser()
  const scores = async (path: string, config?: object) => {
    const flags = {
      ...{ port: browser.port, logLevel: 'error', onlyCategories: CATEGORIES },
      ...(path !== '/sign-in' && { extraHeaders: { authorization: place.token } }),
    }
    const { lhr } = await judge(`${place.url}/console${path}`, flags, config)
    return CATEGORIES.map((name) => ({ name, score: 100 * (lhr.categories[name]?.score ?? 0) }))
  }
  try {
    for (const path of PATHS) {
      for (const { name, score } of await scores(path, desktopConfig)) {
        goals.atLeast(`${path}: ${name}`, score, LEAST_SCORE, '')
      }
      for (const { name, score } of await scores(path)) {
        goals.tell(`${path}: ${name}, on a phone`, score, '')
      }
    }
  } finally {
    await browser.stop()
  }
}
