import chromium from '@sparticuz/chromium'
import { type Browser, chromium as playwright } from 'playwright-core'

// Not the package's own flags: they switch off the web's security, which is what is tested here.
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--no-zygote',
  '--disable-gpu',
  '--font-render-hinting=none',
]

/** Starts the Chromium that comes from npm. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = await chromium.executablePath()
  return playwright.launch({ executablePath, args: CHROMIUM_FLAGS })
}
