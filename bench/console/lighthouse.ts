import { pathToFileURL } from 'node:url'
import { launchChromium } from '../../console/test/tools/chromium.ts'
import type { Goals } from '../goals.ts'
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
const DEBUGGING_PORT = 21_900

/** Scores of 0 to 100. On a phone, where Lighthouse imagines a slow network, too, they are only told. */
export async function measureLighthouse(place: Place, goals: Goals, file: string): Promise<void> {
  const lighthouse = (await import(pathToFileURL(file).href)) as Lighthouse
  const browser = await launchChromium([`--remote-debugging-port=${DEBUGGING_PORT}`])
  try {
    for (const device of ['desktop', 'phone']) {
      for (const path of PATHS) {
        const flags = {
          ...{ port: DEBUGGING_PORT, logLevel: 'error', onlyCategories: CATEGORIES },
          ...(path !== '/sign-in' && { extraHeaders: { authorization: place.token } }),
        }
        const config = device === 'desktop' ? lighthouse.desktopConfig : undefined
        const { lhr } = await lighthouse.default(`${place.url}/console${path}`, flags, config)
        for (const category of CATEGORIES) {
          const score = 100 * (lhr.categories[category]?.score ?? 0)
          const name = `${path}: ${category}, ${device}`
          if (device === 'desktop') goals.atLeast(name, score, LEAST_SCORE, '')
          else goals.tell(name, score, '')
        }
      }
    }
  } finally {
    await browser.close()
  }
}
