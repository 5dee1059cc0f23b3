import { expect, it, onTestFinished } from 'vitest'
import { openBrowser } from '../tools/browser.ts'
import { newDatabase } from '../tools/database.ts'
import { startGateway } from '../tools/gateway.ts'

const password = 'a password for signing in'

it('a session of one node counts at another, and ends there', async () => {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const first = await startGateway({ database })
  const { adminToken } = first
  const second = await startGateway({ database, adminToken })
  const { id } = await first.manage('POST', '/api/user/', { username: 'of two nodes', password })
  const browser = openBrowser(first)
  await browser.signIn('of two nodes', password)
  const elsewhere = openBrowser(second)
  const goOver = () => {
    for (const [name, value] of browser.cookies) elsewhere.cookies.set(name, value)
  }
  const status = async () => (await elsewhere.send('GET', '/api/user/self')).status
  goOver()
  expect(await status()).toBe(200)
  await browser.send('POST', '/api/auth/sign-out', {})
  await expect.poll(status, { timeout: 2_000 }).toBe(401)
  await browser.signIn('of two nodes', password)
  goOver()
  expect(await status()).toBe(200)
  await first.manage('PUT', `/api/user/${id}`, { status: 2 })
  await expect.poll(status, { timeout: 2_000 }).toBe(401)
  await first.close()
  await second.close()
})
