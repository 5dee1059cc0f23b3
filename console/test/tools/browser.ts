import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import {
  type GatewayOptions,
  sharedGateway,
  type TestGateway,
} from '../../../server/test/tools/gateway.ts'
import { launchChromium } from './chromium.ts'

declare global {
  interface Window {
    readonly axe: typeof axe
  }
}

const DESKTOP = { width: 1280, height: 800 }
const MOST_WAIT_MS = 8000
/**
 * Said by the browser of each answer that is no success, although the console shows those to its reader; and of one that a
 * test has cut (`loseAnswer`).
 */
const TOLD_OF_API =
  /Failed to load resource: (.*status of (400|401|403|429)|net::ERR_INTERNET_DISCONNECTED)/
const TOLD_OF_TROUBLE = /Failed to load resource: .*status of (4|5)\d\d/

/** A gateway and a browser before it, for all tests of a file. */
export interface TestConsole {
  readonly gateway: TestGateway
  /** Opens a screen, such as `/keys`. `as` is an access token of whoever is signed in. */
  open(path: string, options?: OpenOptions): Promise<Page>
}

export interface OpenOptions extends BrowserContextOptions {
  readonly as?: string
  /** How the browser calls the gateway's machine, such as `localhost`. */
  readonly host?: string
  /** What the clock of the browser shows, in milliseconds; the present time unless said. */
  readonly nowMs?: number
  /** Answers of the statuses 5xx belong to the test. */
  readonly troubled?: true
}

/**
 * Starts both. After each test its pages are closed, and what they complained of fails it: errors of scripts, whatever
 * is written to the console, and everything that the Content-Security-Policy held back.
 */
export async function openConsole(options: GatewayOptions = {}): Promise<TestConsole> {
  const gateway = await sharedGateway(options)
  const complaints: string[] = []
  let browser: Browser | undefined
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterEach(async () => {
    await Promise.all(browser?.contexts().map((context) => context.close()) ?? [])
    expect(complaints.splice(0)).toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
  })
  return {
    gateway,
    async open(path, { as, host, nowMs, troubled, ...options } = {}) {
      const context = await (browser as Browser).newContext({
        viewport: DESKTOP,
        locale: 'en-GB',
        timezoneId: 'Europe/Amsterdam',
        reducedMotion: 'reduce',
        ...(as === undefined ? {} : { extraHTTPHeaders: { authorization: as } }),
        ...options,
      })
      // Before the test's own time is over, so that it is known what was waited for.
      context.setDefaultTimeout(MOST_WAIT_MS)
      const page = await context.newPage()
      await listen(page, complaints, troubled ? TOLD_OF_TROUBLE : TOLD_OF_API)
      if (nowMs !== undefined) await page.clock.setSystemTime(nowMs)
      const url = new URL(`${gateway.url}/console${path}`)
      if (host !== undefined) url.hostname = host
      await page.goto(url.href)
      await page.waitForSelector('h1')
      return page
    },
  }
}

/** Gives the browser a device that makes passkeys and answers for its owner without asking. */
export async function addAuthenticator(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

/** Lets the next call of `path` reach the gateway and be carried out, and cuts its answer. */
export async function loseAnswer(page: Page, path: string): Promise<void> {
  await page.route(
    `**${path}`,
    async (route) => {
      await route.fetch()
      await route.abort('internetdisconnected')
    },
    { times: 1 },
  )
}

async function listen(page: Page, complaints: string[], told: RegExp): Promise<void> {
  page.on('pageerror', (error) => complaints.push(`a script failed: ${error.stack ?? error}`))
  page.on('console', (message) => {
    if (!told.test(message.text())) complaints.push(`${message.type()}: ${message.text()}`)
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      // biome-ignore lint/suspicious/noConsole: the page has no other way to tell the test.
      console.error(`the policy held back ${violatedDirective} ${blockedURI}`)
    })
  })
}

/**
 * Fails on anything that axe finds. A page is given its script once, and is not asked for what axe likes: both take longer
 * than to look.
 */
export async function expectAccessible(page: Page): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run({ resultTypes: ['violations'] })
    return violations.map(({ id, nodes }) => ({
      id,
      where: nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`),
    }))
  })
  expect(found).toEqual([])
}
