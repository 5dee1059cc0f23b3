import type { Page } from 'playwright-core'
import { type Goals, median } from '../goals.ts'
import { openPage, type Place } from './visits.ts'

const FRAME_MS = 1000 / 60
const SCROLL_MS = 20_000
const MOST_FRAME_MS = 50
const MOST_ANSWER_MS = 100
const WORDS = ['checkout', 'mobile', 'assistant', 'finance', 'translate', 'support', 'nightly']

async function openList(place: Place, slower: number): Promise<Page> {
  const page = await openPage(place, slower)
  await page.goto(`${place.url}/console/keys`)
  await page.waitForSelector('tr[aria-rowindex="2"] a')
  return page
}

/** Scrolls from the first row to the last one, evenly; resolves with how long each frame took, in milliseconds. */
function scroll(page: Page, ms: number): Promise<readonly number[]> {
  return page.evaluate(
    (length) =>
      new Promise<number[]>((resolve) => {
        const way = document.documentElement.scrollHeight - window.innerHeight
        const frames: number[] = []
        let [begun, last] = [0, 0]
        const step = (now: number) => {
          if (begun === 0) begun = now
          else frames.push(now - last)
          last = now
          const share = (now - begun) / length
          window.scrollTo(0, way * share)
          if (share < 1) requestAnimationFrame(step)
          else resolve(frames)
        }
        requestAnimationFrame(step)
      }),
    ms,
  )
}

async function measureScrolling(place: Place, goals: Goals, slower: number): Promise<void> {
  const page = await openList(place, slower)
  const frames = await scroll(page, SCROLL_MS)
  const last = page.locator('tbody tr[aria-rowindex]').last().locator('a')
  await last.waitFor()
  await page.context().close()
  const dropped = frames.reduce((sum, ms) => sum + Math.max(0, Math.round(ms / FRAME_MS) - 1), 0)
  const name = slower === 1 ? 'scrolling through all' : `scrolling through all, ${slower} x slower`
  const longest = Math.max(...frames)
  if (slower === 1) goals.atMost(`${name}: longest frame`, longest, MOST_FRAME_MS, 'ms')
  else goals.tell(`${name}: longest frame`, longest, 'ms')
  goals.tell(`${name}: frames dropped`, (100 * dropped) / (dropped + frames.length), '%')
}

/**
 * Milliseconds from the reader's input until `shownAt` finds what was asked for and says when, or else 0. Both are noticed in
 * the page, so that the way there does not count.
 */
async function untilShown<Arg>(
  page: Page,
  input: () => Promise<unknown>,
  shownAt: (arg: Arg) => number,
  arg: Arg,
): Promise<number> {
  await page.evaluate(() => {
    const note = ({ timeStamp }: Event) => {
      globalThis.inputAt = timeStamp
    }
    for (const kind of ['input', 'change', 'click']) {
      window.addEventListener(kind, note, { capture: true, once: true })
    }
  })
  await input()
  const shown = await page.waitForFunction(shownAt as never, arg, { polling: 'raf' })
  return Number(await shown.jsonValue()) - (await page.evaluate(() => inputAt))
}

declare global {
  var inputAt: number
}

async function measureSearch(page: Page): Promise<number> {
  const answers: number[] = []
  const field = page.getByRole('searchbox')
  for (const word of WORDS) {
    await field.click()
    await page.keyboard.press('Control+A')
    const type = () => page.keyboard.insertText(word)
    const found = (searched: string) => {
      const names = [...document.querySelectorAll('tbody tr[aria-rowindex] a')]
      const all = names.length > 0 && names.every((name) => name.textContent?.includes(searched))
      return all ? performance.now() : 0
    }
    answers.push(await untilShown(page, type, found, word))
  }
  await field.fill('')
  return median(answers)
}

async function measureSort(page: Page): Promise<number> {
  const first = page.locator('tr[aria-rowindex="2"] a')
  const before = await first.innerText()
  const choose = () => page.getByRole('combobox', { name: 'Sort by' }).selectOption('name')
  const isOther = (name: string) => {
    const link = document.querySelector('tr[aria-rowindex="2"] a')
    return link !== null && link.textContent !== name ? performance.now() : 0
  }
  return untilShown(page, choose, isOther, before)
}

async function measureSelectAll(page: Page): Promise<number> {
  await page.locator('tr[aria-rowindex="2"] input').check()
  const all = page.getByRole('button', { name: /^Select all/ })
  const count = Number((await all.innerText()).replaceAll(/\D/g, ''))
  const isSelected = (wanted: number) => {
    const told = document.querySelector('section [role=status]')?.textContent ?? ''
    return Number(told.replaceAll(/\D/g, '')) === wanted ? performance.now() : 0
  }
  return untilShown(page, () => all.click(), isSelected, count)
}

/** A list of ten thousand keys: scrolled, searched, sorted, and selected as a whole. */
export async function measureKeyList(place: Place, goals: Goals): Promise<void> {
  for (const slower of [1, 4]) await measureScrolling(place, goals, slower)
  const page = await openList(place, 1)
  await page.getByText(/^[\d,]+ keys$/).waitFor()
  goals.atMost('a search is answered', await measureSearch(page), MOST_ANSWER_MS, 'ms')
  goals.atMost('another order is shown', await measureSort(page), MOST_ANSWER_MS, 'ms')
  goals.tell('all of them are selected', await measureSelectAll(page), 'ms')
  await page.context().close()
}
