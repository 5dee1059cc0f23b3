import type { Browser, Page } from 'playwright-core'
import { countScripts } from '../../console/test/tools/count-scripts.ts'
import { type Goals, median } from '../goals.ts'

/** A screen, with selectors of what is waited for. */
interface Screen {
  readonly path: string
  /** What the reader came for: of data, too. */
  readonly content: string
  /** Is clicked as soon as the content is there. */
  readonly control: string
  readonly answer: string
}

const SCREENS: readonly Screen[] = [
  {
    path: '/sign-in',
    content: 'input[type=password]',
    control: 'button[type=submit]',
    answer: 'input[aria-invalid=true]',
  },
  {
    path: '/overview',
    content: 'main svg path[d^=M][style]',
    control: 'input[value="30d"] + label',
    answer: 'input[value="30d"]:checked',
  },
  {
    path: '/keys',
    content: 'tr[aria-rowindex="2"] a',
    control: 'tr[aria-rowindex="2"] input',
    answer: 'section [role=status]',
  },
]

/** A console to visit, and as whom. */
export interface Place {
  readonly browser: Browser
  readonly url: string
  readonly token: string
}

/** Opens a page of its own, as if nobody had been here before, on a machine that is so many times slower. */
export async function openPage(place: Place, slower: number, signedIn = true): Promise<Page> {
  const context = await place.browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    ...(signedIn && { extraHTTPHeaders: { authorization: place.token } }),
  })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
  return page
}

interface Told {
  painted: number
  answered: number
  quiet: number
}

declare global {
  var told: Told
}

/** In the page: when content and answer were painted, and when the last long task was over. Milliseconds since the navigation. */
function watch({ content, answer }: Screen): void {
  const told: Told = { painted: 0, answered: 0, quiet: 0 }
  globalThis.told = told
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) told.quiet = startTime + duration
  }).observe({ type: 'longtask', buffered: true })
  const look = (now: number) => {
    // What is found before one frame is painted with it.
    if (told.painted === 0 && document.querySelector(content) !== null) told.painted = now
    if (told.answered === 0 && document.querySelector(answer) !== null) told.answered = now
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

const SETTLED_MS = 1500

async function visit(place: Place, screen: Screen, { slower, clicks }: Way) {
  const page = await openPage(place, slower, screen.path !== '/sign-in')
  const scripts = countScripts(page)
  await page.addInitScript(watch, screen)
  await page.goto(`${place.url}/console${screen.path}`, { waitUntil: 'commit' })
  await page.waitForFunction(() => globalThis.told?.painted > 0)
  if (clicks) {
    const box = await page.locator(screen.control).first().boundingBox()
    if (box === null) throw new Error(`${screen.path}: nothing to click`)
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
    await page.waitForFunction(() => globalThis.told.answered > 0)
  } else {
    await page.waitForTimeout(SETTLED_MS)
  }
  const told = await page.evaluate(() => globalThis.told)
  const seen = { ...told, scripts: (await scripts()).bytes }
  await page.context().close()
  return seen
}

interface Way {
  readonly slower: number
  readonly clicks: boolean
}

const SLOWER = 4
const MOST_MS = 1000
/** Of what comes before anybody can do anything. */
const MOST_SCRIPT_BYTES = 250_000

/** First visits to the screens that most people begin at. */
export async function measureVisits(place: Place, goals: Goals, times: number): Promise<void> {
  for (const screen of SCREENS) {
    const looked: Awaited<ReturnType<typeof visit>>[] = []
    const clicked: typeof looked = []
    for (let time = 0; time < times; time++) {
      looked.push(await visit(place, screen, { slower: SLOWER, clicks: false }))
      clicked.push(await visit(place, screen, { slower: SLOWER, clicks: true }))
    }
    const name = `${screen.path}, ${SLOWER} x slower`
    const painted = median(looked.map((one) => one.painted))
    goals.tell(`${name}: content is painted`, painted, 'ms')
    const quiet = median(looked.map((one) => Math.max(one.painted, one.quiet)))
    goals.atMost(`${name}: and the last long task is over`, quiet, MOST_MS, 'ms')
    const answered = median(clicked.map((one) => one.answered))
    goals.atMost(`${name}: a click then is answered`, answered, MOST_MS, 'ms')
    const bytes = median(looked.map((one) => one.scripts))
    goals.atMost(`${screen.path}: scripts, compressed`, bytes, MOST_SCRIPT_BYTES, 'bytes')
  }
}
