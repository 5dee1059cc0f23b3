import { api, unwrap } from '../api/client.ts'
import type { Session } from './session.ts'

/** What a new gateway's administrator does first, in this order; whoever was given a password only the first. */
export const SET_UP_STEPS = ['password', 'channel', 'key', 'ready'] as const
export type SetUpStep = (typeof SET_UP_STEPS)[number]

/** The first step that is not done yet, as far as the gateway knows. */
export async function dueStep(session: Session): Promise<SetUpStep> {
  if (session.password_change_due) return 'password'
  if (session.role === 'admin' && !(await hasProvider())) return 'channel'
  const { total } = await unwrap(api.GET('/api/token', { params: { query: { page_size: 1 } } }))
  return total === 0 ? 'key' : 'ready'
}

/** Whether anything but the simulator answers. */
async function hasProvider(): Promise<boolean> {
  const channels = await unwrap(api.GET('/api/channel', { params: { query: { page_size: 100 } } }))
  return channels.items.some(({ type }) => type !== 'simulator')
}

/** Whether somebody who has just signed in is led to the set-up: at the first time, or where they broke off. */
export async function isSetUpDue(session: Session): Promise<boolean> {
  if (session.password_change_due) return true
  if (session.role !== 'admin' || readMark() === 'done') return false
  return readMark() === 'begun' || (await dueStep(session)) === 'channel'
}

const MARK = 'turnpike.set_up'
type Mark = 'begun' | 'done'

function readMark(): string | null {
  try {
    return localStorage.getItem(MARK)
  } catch {
    // Storage is switched off: what the gateway has decides.
    return null
  }
}

/** Remembers in this browser how far the set-up came: skipping a step leaves no trace in the gateway. */
export function markSetUp(mark: Mark): void {
  try {
    localStorage.setItem(MARK, mark)
  } catch {
    // It may be offered once more.
  }
}
