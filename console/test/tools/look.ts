import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { expectAccessible } from './browser.ts'

const FOLDER = join(import.meta.dirname, '../../screenshots')
/** Pictures are for people, who ask for them: they take as long as everything else about a look. */
const WANTS_PICTURES = process.env.TURNPIKE_TEST_PICTURES !== undefined
const WIDE = { width: 1280, height: 800 }
const PHONE = { width: 360, height: 740 }

/** Each language, colour scheme and width occurs with each of the others, or nearly: eight would only be slower. */
const LOOKS = [
  { name: 'light-en', size: WIDE, colorScheme: 'light', language: 'en' },
  { name: 'dark-nl', size: WIDE, colorScheme: 'dark', language: 'nl' },
  { name: 'phone-light-nl', size: PHONE, colorScheme: 'light', language: 'nl' },
  { name: 'phone-dark-en', size: PHONE, colorScheme: 'dark', language: 'en' },
] as const

/**
 * Shows the screen, as it is now, in light and dark, wide and on a phone, in English and Dutch; each must please axe, must
 * not scroll sideways, and may cut no label off. With TURNPIKE_TEST_PICTURES each is photographed into
 * console/screenshots/ for people to look at.
 */
export async function eachLook(page: Page, name: string): Promise<void> {
  for (const look of LOOKS) {
    await page.emulateMedia({ colorScheme: look.colorScheme })
    await page.setViewportSize(look.size)
    await speak(page, look.language)
    await isStill(page)
    await expectAccessible(page)
    expect(await cutOff(page), `${name} ${look.name}`).toEqual([])
    if (WANTS_PICTURES) await photograph(page, `${name}-${look.name}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(WIDE)
  await speak(page, 'en')
}

async function photograph(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  await growWindow(page)
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
}

/** Nothing moves; what waits, and so moves for ever, does not count. */
async function isStill(page: Page): Promise<void> {
  // A change of colours begins with the frame after the one that it was told in.
  await page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  )
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every((one) => one.effect?.getComputedTiming().iterations === Number.POSITIVE_INFINITY),
  )
}

const MOST_PX = 4000

/** Makes the window as high as what it shows, so that nothing fixed stands in the midst of a picture of all of it. */
export async function growWindow(page: Page, mostPx = MOST_PX): Promise<void> {
  const { width = 0, height = 0 } = page.viewportSize() ?? {}
  const needed = await page.evaluate(() => {
    const dialogs = [...document.querySelectorAll('[role="dialog"]')]
    return Math.max(
      document.documentElement.scrollHeight,
      ...dialogs.map((one) => one.getBoundingClientRect().top * 2 + one.scrollHeight),
    )
  })
  if (needed <= height) return
  await page.setViewportSize({ width, height: Math.min(Math.ceil(needed), mostPx) })
  await page.evaluate(() => window.scrollTo(0, 0))
  await isStill(page)
}

/** As if another tab had chosen the language: what the screen shows is not loaded again. */
async function speak(page: Page, language: string): Promise<void> {
  await page.evaluate((chosen) => {
    localStorage.setItem('turnpike.language', chosen)
    window.dispatchEvent(
      new StorageEvent('storage', { key: 'turnpike.language', newValue: chosen }),
    )
  }, language)
  await page.waitForFunction((chosen) => document.documentElement.lang === chosen, language)
}

/** Texts of our own that don't fit: people's words may be shortened, with a title that has them whole. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.documentElement
    const found =
      root.scrollWidth > root.clientWidth ? [`the page is ${root.scrollWidth} wide`] : []
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      const { overflowX, textOverflow } = getComputedStyle(element)
      const clips = textOverflow === 'ellipsis' && overflowX === 'hidden'
      if (!clips || element.title !== '' || element.scrollWidth <= element.clientWidth) continue
      found.push(`cut off: ${element.textContent}`)
    }
    return found
  })
}
